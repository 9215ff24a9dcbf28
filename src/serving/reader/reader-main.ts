import { ServingError } from '../serving-error.js';
import { pixelsOf } from '../limits/check-pixels.js';
import { answerJobs, type JobResult } from '../worker/answer-jobs.js';
import { freeCopied } from '../worker/free-copied.js';
import { packValues } from '../worker/packed-value.js';
import { placeValues } from '../worker/shared-memory.js';
import { signatureOf } from '../worker/plain-signature.js';
import { joinBody } from './join-body.js';
import { runReaderJob } from './reader-jobs.js';
import type { ReaderReply, ReaderWork } from './request-reader.js';

/** The thread of a `RequestReader`. */
async function read({ chunks, memory, ...given }: ReaderWork): Promise<JobResult<ReaderReply>> {
  let signature: string | undefined;
  try {
    const { job } = given;
    const work =
      'signatures' in job
        ? { ...job, signatures: Object.fromEntries(job.signatures.map(([key, each]) => [key, signatureOf(each)])) }
        : job;
    const body = joinBody(chunks);
    const { head, values } = await runReaderJob(work, body, (name) => (signature = name));
    const pixels = pixelsOf(values);
    const packed = packValues(memory ? placeValues(values, memory) : values, true);
    freeCopied(values, [body.buffer, ...packed.transfer]);
    return { result: { signature, head, values: packed.values, pixels }, transfer: packed.transfer };
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    const { status, httpStatus, message } = error;
    return { result: { signature, error: { status, httpStatus, message } }, transfer: [] };
  }
}

answerJobs(read);
