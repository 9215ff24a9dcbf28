import { answerJobs, type JobResult } from '../worker/answer-jobs.js';
import { unpackValues } from '../worker/packed-value.js';
import type { WriterWork } from './answer-writer.js';
import { writeLarge } from './writer-jobs.js';

/** The thread of an `AnswerWriter`. */
function write({ job, outputs }: WriterWork): JobResult<Uint8Array> {
  const bytes = writeLarge(job, outputs.map(unpackValues));
  // A small Buffer is in a pool with others, which cannot be moved.
  const result = bytes.buffer.byteLength === bytes.byteLength ? bytes : new Uint8Array(bytes);
  return { result, transfer: [result.buffer as ArrayBuffer] };
}

answerJobs(write);
