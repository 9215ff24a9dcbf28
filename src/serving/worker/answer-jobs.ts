import os from 'node:os';
import { parentPort } from 'node:worker_threads';

import { ServingError } from '../serving-error.js';
import type { JobMessage, JobReply } from './job-thread.js';

/** How much less of a busy processor the thread takes than the one that answers clients. */
const niceness = 5;

/** A result, and its memory that moves to the thread that asked. */
export interface JobResult<Result> {
  readonly result: Result;
  readonly transfer: ArrayBuffer[];
}

/** The thread's side of a `JobThread`: does one job after another, each in its turn. */
export function answerJobs<Work, Result>(run: (work: Work) => JobResult<Result> | Promise<JobResult<Result>>): void {
  lowerPriority();
  const answer = async ({ id, work }: JobMessage<Work>): Promise<void> => {
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
  const send = (reply: JobReply<Result>, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(reply, transfer);
  parentPort?.on('message', (message: JobMessage<Work>) => void answer(message));
}

/** On Linux, 0 is the thread that asks, elsewhere all of the process (setpriority(2), "C library/kernel differences"). */
function lowerPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    os.setPriority(0, Math.min(os.getPriority(0) + niceness, os.constants.priority.PRIORITY_LOW));
  } catch {
    // A sandbox may forbid it; then both are as important.
  }
}
