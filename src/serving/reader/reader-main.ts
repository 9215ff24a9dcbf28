import { parentPort } from 'node:worker_threads';

import { ServingError } from '../serving-error.js';
import { packValues } from '../worker/packed-value.js';
import { signatureOf } from '../worker/plain-signature.js';
import { runReaderJob } from './reader-jobs.js';
import type { PlainReaderJob, ReaderReply } from './reader-thread.js';

/** The thread of a `ReaderThread`: reads one body after another. */
async function answer(job: PlainReaderJob): Promise<void> {
  let signature: string | undefined;
  try {
    const given = job.work;
    const work =
      'signatures' in given
        ? { ...given, signatures: Object.fromEntries(given.signatures.map(([key, each]) => [key, signatureOf(each)])) }
        : given;
    const { head, values } = await runReaderJob(work, (name) => (signature = name));
    const packed = packValues(values, true);
    send({ id: job.id, signature, head, values: packed.values }, packed.transfer);
  } catch (error) {
    const { status, httpStatus, message } =
      error instanceof ServingError
        ? error
        : { status: 'INTERNAL' as const, httpStatus: undefined, message: String(error) };
    send({ id: job.id, signature, error: { status, httpStatus, message } });
  }
}

function send(reply: ReaderReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, transfer);
}

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (job: PlainReaderJob) => {
  last = last.then(() => answer(job));
});
