import type { CancelSignal } from '../cancellation.js';
import { JobThreads } from '../worker/job-threads.js';
import { type PackedValues, packValues } from '../worker/packed-value.js';
import { sharedMemory } from '../worker/shared-memory.js';
import { type LargeAnswer, largeAnswer, type WrittenAnswer } from './large-answer.js';
import { jsonBody, messageBytes, type JsonJob, type MessageJob, type Outputs } from './writer-jobs.js';

/** Answers with more values, or bytes of strings, are written in another thread. Smaller ones take a few milliseconds. */
const largeValues = 4096;
const largeBytes = 2 ** 16;

/** A message of gRPC; a large one is closed by the caller. */
export type WrittenMessage = Buffer | LargeAnswer;

/** Outputs and their job, in the form sent to the thread. */
export interface WriterWork {
  readonly job: JsonJob | MessageJob;
  readonly outputs: readonly PackedValues[];
}

/** Writes the answers to requests: small ones immediately, large ones in other threads. */
export class AnswerWriter {
  readonly #threads = new JobThreads<WriterWork, WrittenAnswer>(new URL('./writer-main', import.meta.url), {
    name: 'writer',
    tooLarge: 'The answer takes too much memory when it is written. Send fewer rows in a request.',
  });

  /**
   * Writes the body of a REST answer.
   *
   * @param outputs Their memory may move to the thread, or be used again.
   * @param signal Aborts when the client has gone.
   * @returns The body; the caller closes it if it is a large one.
   * @throws ServingError
   */
  async json(job: JsonJob, outputs: Outputs, signal?: CancelSignal): Promise<string | Buffer | LargeAnswer> {
    if (sizeOf(outputs) > 1) return this.#inThread(job, [outputs], signal);
    return jsonBody(job, outputs);
  }

  /** Writes a message of gRPC from the outputs of all of its calls; otherwise like `json`. @throws ServingError */
  async message(job: MessageJob, outputs: readonly Outputs[], signal?: CancelSignal): Promise<WrittenMessage> {
    if (outputs.some((each) => sizeOf(each) > 1)) return this.#inThread(job, outputs, signal);
    return bufferOf(messageBytes(job, outputs));
  }

  async #inThread(job: WriterWork['job'], outputs: readonly Outputs[], signal?: CancelSignal): Promise<WrittenMessage> {
    const prepare = () => {
      const packed = outputs.map((each) => packValues(each, true));
      const work = { job, outputs: packed.map(({ values }) => values) };
      return { work, transfer: packed.flatMap(({ transfer }) => transfer) };
    };
    const size = outputs.reduce((sum, each) => sum + sizeOf(each), 0);
    try {
      const written = await this.#threads.run({ bytes: size * largeBytes, prepare, signal });
      return 'bytes' in written ? bufferOf(written.bytes) : largeAnswer(written);
    } finally {
      outputs.forEach((each) => sharedMemory.release(each));
    }
  }

  end(): Promise<void> {
    return this.#threads.end();
  }
}

/** Size of outputs; up to 1 they are written here. */
function sizeOf(outputs: Outputs): number {
  let size = 0;
  for (const { dtype, values } of Object.values(outputs)) {
    size += values.length / largeValues;
    if (dtype !== 'string') continue;
    for (const { length } of values as readonly Uint8Array[]) size += length / largeBytes;
  }
  return size;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
