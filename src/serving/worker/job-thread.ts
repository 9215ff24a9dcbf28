import type { Worker } from 'node:worker_threads';

import { type CancelSignal, clientHasGone } from '../cancellation.js';
import { ServingError, type StatusCode } from '../serving-error.js';
import { startWorker } from '../../files/start-worker.js';

/** A ServingError without its class, which a message cannot carry. */
export interface PlainServingError {
  readonly status: StatusCode;
  readonly message: string;
  readonly httpStatus: number | undefined;
}

/** Message to a thread. */
export interface JobMessage<Work> {
  readonly id: number;
  readonly work: Work;
}

/** Message from a thread. */
export type JobReply<Result> = { readonly id: number } & (
  { readonly result: Result } | { readonly error: PlainServingError }
);

/** Work in the form for `postMessage`. */
export interface PreparedJob<Work> {
  readonly work: Work;
  /** Memory that moves to the thread. */
  readonly transfer: readonly ArrayBuffer[];
}

/** A task for a thread. */
export interface Job<Work> {
  /** Approximate amount of work: of the waiting jobs, small ones go first. */
  readonly bytes: number;
  /** Called when its turn comes; nothing is copied before. */
  readonly prepare: () => PreparedJob<Work>;
  /** Aborts when nobody waits for it any more. Default: never. */
  readonly signal?: CancelSignal | undefined;
}

interface Pending<Work, Result> extends Job<Work> {
  readonly since: number;
  /** Called when nobody waits for it any more. */
  readonly onAbort: () => void;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: ServingError) => void;
}

/** Options of a JobThread. */
export interface JobThreadOptions {
  /** The thread's name, for debuggers. */
  readonly name: string;
  /** Message for a job that takes more memory than the thread has. */
  readonly tooLarge: string;
}

/** Size of the thread's heap in MiB; tensors are mostly outside it. */
const heapMebibytes = 1024;
/** Maximum time for one job, in milliseconds. */
const jobMilliseconds = 30_000;
/** Time after which an idle thread ends and frees its memory, in milliseconds. */
const idleMilliseconds = 10_000;
/** A job that has waited this many milliseconds longer goes before one that is a mebibyte smaller. */
const patience = 125;

/**
 * Runs long computations in a separate thread, one job after another: the thread that answers health checks never runs them.
 *
 * The thread starts with the first job, ends when it has been idle for a while, and is ended by force when a job takes too long; one that takes too
 * much memory ends the thread, not the process. A job is sent after the previous one has returned, so that at most one job's results are on their
 * way. A job whose client has gone is dropped.
 */
export class JobThread<Work, Result> {
  readonly #waiting = new Set<Pending<Work, Result>>();
  #running: Pending<Work, Result> | undefined;
  #worker: Worker | undefined;
  #nextId = 1;
  #timer: NodeJS.Timeout | undefined;

  /** @param module As for `startWorker`; it calls `answerJobs`. */
  constructor(
    private readonly module: URL,
    private readonly options: JobThreadOptions,
  ) {}

  /** @throws ServingError */
  run(job: Job<Work>): Promise<Result> {
    const done = new Promise<Result>((resolve, reject) => this.#enqueue(job, resolve, reject));
    if (!this.#running) this.#next();
    return done;
  }

  #enqueue(job: Job<Work>, resolve: (result: Result) => void, reject: (error: ServingError) => void): void {
    // Immediately, not only when the job before it has returned: its memory is no longer accounted for.
    const onAbort = () => {
      this.#waiting.delete(pending);
      reject(clientHasGone());
    };
    const pending: Pending<Work, Result> = { ...job, since: performance.now(), onAbort, resolve, reject };
    if (job.signal?.aborted) {
      onAbort();
      return;
    }
    job.signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(pending);
  }

  /** Ends the thread; waiting jobs fail. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#worker?.terminate();
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#running = this.#first();
    if (!this.#running) {
      this.#after(idleMilliseconds, () => {
        const worker = this.#worker;
        this.#worker = undefined;
        void worker?.terminate();
      });
      return;
    }
    this.#waiting.delete(this.#running);
    this.#running.signal?.removeEventListener('abort', this.#running.onAbort);
    this.#worker ??= this.#start();
    const { work, transfer } = this.#running.prepare();
    const message: JobMessage<Work> = { id: this.#nextId, work };
    this.#worker.postMessage(message, transfer);
    this.#after(jobMilliseconds, () => void this.#worker?.terminate());
  }

  /** Chooses the smallest job, but so that none waits forever. */
  #first(): Pending<Work, Result> | undefined {
    const now = performance.now();
    const rank = ({ bytes, since }: Pending<Work, Result>) => bytes - ((now - since) / patience) * 2 ** 20;
    let first: Pending<Work, Result> | undefined;
    for (const pending of this.#waiting) if (!first || rank(pending) < rank(first)) first = pending;
    return first;
  }

  #start(): Worker {
    const worker = startWorker(this.module, {
      name: this.options.name,
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytes },
    });
    worker.unref();
    let cause: unknown;
    worker.on('message', (reply: JobReply<Result>) => this.#receive(reply));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => {
      // An idle thread has been given up already: nobody waits for it.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(cause);
    });
    return worker;
  }

  #receive(reply: JobReply<Result>): void {
    const running = this.#running;
    if (!running || reply.id !== this.#nextId) return;
    this.#nextId += 1;
    if ('error' in reply) {
      const { status, message, httpStatus } = reply.error;
      running.reject(new ServingError(status, message, { httpStatus }));
    } else running.resolve(reply.result);
    this.#next();
  }

  /** Fails the job that ended the thread; the others get a new one. */
  #fail(cause: unknown): void {
    const isMemory = (cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const error = isMemory
      ? new ServingError('RESOURCE_EXHAUSTED', this.options.tooLarge, { httpStatus: 413 })
      : new ServingError('UNAVAILABLE', `The ${this.options.name} thread has ended. Try again.`, { cause });
    this.#nextId += 1;
    this.#running?.reject(error);
    this.#next();
  }

  #after(milliseconds: number, run: () => void): void {
    this.#timer = setTimeout(run, milliseconds).unref();
  }
}
