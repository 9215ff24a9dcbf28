import type { Worker } from 'node:worker_threads';

import { ServingError, type StatusCode } from '../serving-error.js';
import type { PlainSignature } from '../worker/inference-messages.js';
import { type PackedValues, unpackValues } from '../worker/packed-value.js';
import { plainSignature } from '../worker/plain-signature.js';
import { startWorker } from '../../files/start-worker.js';
import type { ReaderHead, ReaderJob, ReaderResult, Signatures } from './reader-jobs.js';

type WithSignatures = Extract<ReaderJob, { readonly signatures: Signatures }>;
type PlainSignatures = readonly (readonly [key: string, signature: PlainSignature])[];
/** A job as it goes to the thread. */
export interface PlainReaderJob {
  readonly id: number;
  readonly work:
    | Exclude<ReaderJob, WithSignatures>
    | (Omit<WithSignatures, 'signatures'> & { readonly signatures: PlainSignatures });
}

/** What comes back from the thread. */
export type ReaderReply = {
  readonly id: number;
  /** The signature that the body names, where that was found out. */
  readonly signature: string | undefined;
} & (
  | { readonly head: ReaderHead; readonly values: PackedValues }
  | {
      readonly error: {
        readonly status: StatusCode;
        readonly message: string;
        readonly httpStatus: number | undefined;
      };
    }
);

interface Pending {
  readonly onSignature: (name: string) => void;
  readonly resolve: (result: ReaderResult) => void;
  readonly reject: (error: ServingError) => void;
}

/** Heap of the thread; what a body becomes is mostly outside it. */
const heapMebibytes = 1024;
/** How long one body may take, in milliseconds. */
const jobMilliseconds = 30_000;
/** After which a thread that has nothing to do ends, and gives its memory back, in milliseconds. */
const idleMilliseconds = 10_000;

/**
 * Reads large bodies in a thread of its own, one after another: the thread that answers health checks never computes for long.
 *
 * The thread starts with the first body, ends when it has been idle for a while, and is ended by force when a body takes too
 * long; one that takes too much memory ends the thread, not the process.
 */
export class ReaderThread {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #nextId = 1;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param job Its bytes move to the thread.
   * @throws ServingError
   */
  run(job: ReaderJob, onSignature: (name: string) => void): Promise<ReaderResult> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#worker ??= this.#start();
    const { bytes } = job;
    const own = bytes.buffer.byteLength === bytes.byteLength ? bytes : new Uint8Array(bytes);
    const work =
      'signatures' in job ? { ...job, bytes: own, signatures: plain(job.signatures) } : { ...job, bytes: own };
    const message: PlainReaderJob = { id, work };
    this.#worker.postMessage(message, [own.buffer as ArrayBuffer]);
    const done = new Promise<ReaderResult>((resolve, reject) =>
      this.#pending.set(id, { onSignature, resolve, reject }),
    );
    if (this.#pending.size === 1) this.#watch();
    return done;
  }

  /** Ends the thread. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = startWorker(new URL('./reader-main', import.meta.url), {
      name: 'reader',
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytes },
    });
    worker.unref();
    let cause: unknown;
    worker.on('message', (reply: ReaderReply) => this.#receive(reply));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => {
      // One that was idle has been left already: nobody waits for it.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(cause);
    });
    return worker;
  }

  #receive(reply: ReaderReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    this.#watch();
    if (!pending) return;
    if (reply.signature !== undefined) pending.onSignature(reply.signature);
    if ('error' in reply) {
      const { status, message, httpStatus } = reply.error;
      pending.reject(new ServingError(status, message, { httpStatus }));
    } else pending.resolve({ head: reply.head, values: unpackValues(reply.values) });
  }

  /** The oldest body has so much time from now on; without one, the thread has. */
  #watch(): void {
    clearTimeout(this.#timer);
    const isIdle = this.#pending.size === 0;
    const end = () => {
      const worker = this.#worker;
      if (isIdle) this.#worker = undefined;
      void worker?.terminate();
    };
    this.#timer = setTimeout(end, isIdle ? idleMilliseconds : jobMilliseconds);
    this.#timer.unref();
  }

  #fail(cause: unknown): void {
    const isMemory = (cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const error = isMemory
      ? new ServingError('RESOURCE_EXHAUSTED', 'The request takes too much memory when it is read.', {
          httpStatus: 413,
        })
      : new ServingError('UNAVAILABLE', 'The thread that reads large requests has ended. Try again.', { cause });
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    clearTimeout(this.#timer);
  }
}

const known = new WeakMap<Signatures, PlainSignatures>();

function plain(signatures: Signatures): PlainSignatures {
  let made = known.get(signatures);
  made ??= Object.entries(signatures).map(([key, each]) => [key, plainSignature(each)] as const);
  known.set(signatures, made);
  return made;
}
