import os from 'node:os';
import { type MessagePort, parentPort } from 'node:worker_threads';

import { ServingError } from '../serving-error.js';
import { collectGarbageOfLargeJobs } from './collect-garbage.js';
import type { JobMessage, JobReply } from './job-thread.js';

/** Niceness of the thread, so that on a busy processor it yields to the one that answers clients. */
const niceness = 10;

/** A result, and its memory and ports, which move to the requesting thread. */
export interface JobResult<Result> {
  readonly result: Result;
  readonly transfer: (ArrayBuffer | MessagePort)[];
}

/**
 * The thread's side of a `JobThread`: does one job after another, each in its turn.
 *
 * @param run Does the work that the `JobThread` on the other side sends.
 */
export function answerJobs(run: (work: never) => JobResult<unknown> | Promise<JobResult<unknown>>): void {
  lowerPriority();
  const send = (reply: JobReply<unknown>, transfer: JobResult<unknown>['transfer'] = []) =>
    parentPort?.postMessage(reply, transfer);
  const answer = async ({ id, work }: JobMessage<never>): Promise<void> => {
    try {
      const { result, transfer } = await run(work);
      send({ id, result }, transfer);
    } catch (error) {
      const { status, httpStatus, message } =
        error instanceof ServingError
          ? error
          : { status: 'INTERNAL' as const, httpStatus: undefined, message: String(error) };
      send({ id, error: { status, httpStatus, message } });
    }
  };
  parentPort?.on('message', (message: JobMessage<never>) => void answer(message).then(collectGarbageOfLargeJobs));
}

/** On Linux, 0 is the calling thread, elsewhere the whole process (setpriority(2), "C library/kernel differences"). */
function lowerPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    os.setPriority(0, Math.min(os.getPriority(0) + niceness, os.constants.priority.PRIORITY_LOW));
  } catch {
    // A sandbox may forbid it; then both have the same priority.
  }
}
