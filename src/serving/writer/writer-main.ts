import { answerJobs, type JobResult } from '../worker/answer-jobs.js';
import { unpackValues } from '../worker/packed-value.js';
import type { WriterWork } from './answer-writer.js';
import { PieceWriter, type WrittenAnswer } from './large-answer.js';
import { writeLarge } from './writer-jobs.js';

/** The thread of an `AnswerWriter`. */
function write({ job, outputs }: WriterWork): JobResult<WrittenAnswer> {
  const pieces = new PieceWriter();
  try {
    writeLarge(
      job,
      outputs.map((each) => unpackValues(each)),
      pieces,
    );
    return pieces.end();
  } catch (error) {
    pieces.discard();
    throw error;
  }
}

answerJobs(write);
