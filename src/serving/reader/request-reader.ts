import type { CancelSignal } from '../cancellation.js';
import { copyInTurns } from '../limits/copy-in-turns.js';
import type { PixelLimits } from '../limits/check-pixels.js';
import type { SizeLimits } from '../limits/check-size.js';
import { bodyBytes, movedBody, type ReceivedBody, releaseBody } from '../limits/received-body.js';
import { ServingError } from '../serving-error.js';
import type { PlainSignature } from '../worker/inference-messages.js';
import type { PlainServingError } from '../worker/job-thread.js';
import { JobThreads } from '../worker/job-threads.js';
import { type PackedValues, unpackValues } from '../worker/packed-value.js';
import { sharedMemory } from '../worker/shared-memory.js';
import { plainSignature } from '../worker/plain-signature.js';
import { type ReaderHead, type ReaderJob, type ReaderResult, runReaderJob, type Signatures } from './reader-jobs.js';

/** Larger bodies, in bytes, are read in a separate thread. Smaller ones take a few tens of milliseconds at most. */
const largeBytes = 2 ** 16;

/** The data read from a body. Its values may be in memory that is used again. */
export interface ReadBody<Head extends ReaderHead = ReaderHead> extends ReaderResult<Head> {
  /** To be called once nobody needs the values any more. */
  readonly release: () => void;
}

/** Jobs whose values are inputs of a model, and nothing else. */
const sharedTypes: readonly ReaderJob['type'][] = ['predict', 'infer', 'message'];

type HeadOf<Type extends ReaderHead['type']> = Extract<ReaderHead, { readonly type: Type }>;
type WithSignatures = Extract<ReaderJob, { readonly signatures: Signatures }>;
type PlainSignatures = readonly (readonly [key: string, signature: PlainSignature])[];

/** A body and its job, in the form sent to the thread. */
export interface ReaderWork {
  readonly chunks: Uint8Array[];
  /** Shared memory for large values. Default: they are moved. */
  readonly memory?: SharedArrayBuffer | undefined;
  readonly job:
    | Exclude<ReaderJob, WithSignatures>
    | (Omit<WithSignatures, 'signatures'> & { readonly signatures: PlainSignatures });
}

/** Message from the thread. */
export type ReaderReply = {
  /** The signature that the body names, if that was determined. */
  readonly signature: string | undefined;
} & (
  | { readonly head: ReaderHead; readonly values: PackedValues; readonly pixels: readonly number[] }
  | { readonly error: PlainServingError }
);

/** The caller that waits for a body. */
export interface Waiting {
  /** Called with the signature that the body names, before it is looked up. Default: not called. */
  readonly onSignature?: (name: string) => void;
  /** Aborts when the client has gone. Default: never. */
  readonly signal?: CancelSignal | undefined;
}

/** Reads the bodies of requests: small ones immediately, large ones in other threads. */
export class RequestReader {
  readonly #threads = new JobThreads<ReaderWork, ReaderReply>(new URL('./reader-main', import.meta.url), {
    name: 'reader',
    tooLarge: 'The request takes too much memory when it is read.',
  });

  constructor(readonly limits: SizeLimits = {}) {}

  /** @throws ServingError */
  predict(body: ReceivedBody, signatures: Signatures, waiting: Waiting) {
    return this.#run<'predict'>({ type: 'predict', signatures, limits: this.limits }, body, waiting);
  }

  /**
   * @param jsonBytes Bytes of the JSON that raw tensors follow. Default: the body is JSON.
   * @throws ServingError
   */
  infer(body: ReceivedBody, signatures: Signatures, waiting: Waiting, jsonBytes?: number) {
    return this.#run<'infer'>({ type: 'infer', signatures, limits: this.limits, jsonBytes }, body, waiting);
  }

  /** @throws ServingError */
  examples(type: 'classification' | 'regression', body: ReceivedBody, signatures: Signatures, waiting: Waiting) {
    return this.#run<'examples'>({ type, signatures, limits: this.limits }, body, waiting);
  }

  /** Reads the files of a form, or takes the body as the only file. @throws ServingError */
  form(contentType: string, body: ReceivedBody, waiting: Waiting) {
    return this.#run<'form'>({ type: 'form', contentType }, body, waiting);
  }

  /** Reads a message with tensors, always in the thread. @throws ServingError */
  message(typeName: string, body: ReceivedBody, maxCost: number, waiting: Waiting) {
    const job = { type: 'message', typeName, maxCost, limits: this.limits } as const;
    return this.#inThread<'message'>(job, body, waiting);
  }

  /**
   * Converts a WebP, AVIF or TIFF image to PNG, always in the thread.
   *
   * @throws ServingError `INVALID_ARGUMENT` for an image that is corrupt or too large.
   */
  async transcode(content: Buffer, { maxPixels }: PixelLimits = {}, signal?: CancelSignal): Promise<Buffer> {
    // Copied, because it is part of a body that holds other files.
    const copy = Buffer.allocUnsafeSlow(content.length);
    await copyInTurns([{ target: copy, source: content, at: 0 }]);
    const body = { chunks: [copy], length: content.length };
    const { values } = await this.#inThread<'form'>({ type: 'transcode', maxPixels }, body, { signal });
    const [png = new Uint8Array()] = (values.files?.values ?? []) as readonly Uint8Array[];
    return Buffer.from(png.buffer, png.byteOffset, png.length);
  }

  /** Whether a body goes to the thread. */
  isLarge({ length }: { readonly length: number }): boolean {
    return length > largeBytes;
  }

  end(): Promise<void> {
    return this.#threads.end();
  }

  async #run<Type extends ReaderHead['type']>(
    job: ReaderJob,
    body: ReceivedBody,
    waiting: Waiting,
  ): Promise<ReadBody<HeadOf<Type>>> {
    if (this.isLarge(body)) return this.#inThread<Type>(job, body, waiting);
    const { head, values } = await runReaderJob(job, bodyBytes(body), waiting.onSignature);
    return { head: head as HeadOf<Type>, values, release: nothing };
  }

  async #inThread<Type extends ReaderHead['type']>(
    job: ReaderJob,
    body: ReceivedBody,
    { onSignature, signal }: Waiting,
  ): Promise<ReadBody<HeadOf<Type>>> {
    let memory: SharedArrayBuffer | undefined;
    const release = () => {
      if (memory) sharedMemory.giveBack(memory);
      memory = undefined;
    };
    const prepare = () => {
      const { chunks, transfer } = movedBody(body);
      const plainJob = 'signatures' in job ? { ...job, signatures: plain(job.signatures) } : job;
      if (sharedTypes.includes(job.type)) memory = sharedMemory.take(body.length);
      return { work: { chunks, memory, job: plainJob }, transfer };
    };
    try {
      const reply = await this.#threads.run({ bytes: body.length, prepare, signal });
      if (reply.signature !== undefined) onSignature?.(reply.signature);
      if ('error' in reply) {
        const { status, message, httpStatus } = reply.error;
        throw new ServingError(status, message, { httpStatus });
      }
      const { head, pixels } = reply;
      return { head: head as HeadOf<Type>, values: unpackValues(reply.values, memory), pixels, release };
    } catch (error) {
      release();
      throw error;
    } finally {
      releaseBody(body);
    }
  }
}

/** Uses what was read, and releases it. */
export async function releasing<Result>(
  { release }: Pick<ReadBody, 'release'>,
  use: () => Promise<Result>,
): Promise<Result> {
  try {
    return await use();
  } finally {
    release();
  }
}

function nothing(): void {
  // A small body's values have memory of their own.
}

const known = new WeakMap<Signatures, PlainSignatures>();

function plain(signatures: Signatures): PlainSignatures {
  let made = known.get(signatures);
  made ??= Object.entries(signatures).map(([key, each]) => [key, plainSignature(each)] as const);
  known.set(signatures, made);
  return made;
}
