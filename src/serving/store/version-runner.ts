import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { PrecisionChoice } from '../../tensorflow/precision.js';
import { ServingError } from '../serving-error.js';
import type { WarmupResult } from '../worker/inference-messages.js';
import type { InferenceWorker } from '../worker/inference-worker.js';
import type { Runtime } from '../worker/served-model.js';
import type { ServedPrecision } from '../worker/served-precision.js';
import { Batcher, type BatchRun } from './batching.js';
import type { AnsweringThread } from './short-calls.js';
import type { BatchingSettings } from './batching-options.js';
import type { Outputs, SignatureCall } from './queued-request.js';

/** Options for running a version. */
export interface VersionRunnerOptions {
  /** Threads, each with its own session. Default: 1. */
  readonly workers: number;
  readonly warmupIterations: number;
  readonly trustModels: boolean;
  /** Precision in which all threads compute. */
  readonly precision: PrecisionChoice;
  /** Runtime that computes the network, in all threads. */
  readonly runtime: Runtime;
  readonly batching: BatchingSettings;
  /** The answering thread, which runs short calls. */
  readonly thread: AnsweringThread;
  readonly startWorker: typeof InferenceWorker.start;
  /** Name for debuggers, such as `digits/3`. */
  readonly name: string;
  readonly onBatch: (run: BatchRun) => void;
  /** Called when a thread has ended unexpectedly; another one is being started. */
  readonly onCrash: () => void;
  /** Called when no thread is left and none can be started: the version is lost. */
  readonly onLost: (error: Error) => void;
}

/** Number of threads that may end one after another without a result in between; after that the version is given up. */
const maxCrashes = 3;

/** A loaded version: its threads and the queue in front of them. */
export class VersionRunner {
  readonly #batcher: Batcher;
  readonly #workers = new Set<InferenceWorker>();
  #crashes = 0;
  /** `lost`: no thread is left and none can be started. */
  #state: 'running' | 'ending' | 'lost' = 'running';

  private constructor(
    private readonly directory: string,
    private readonly options: VersionRunnerOptions,
    readonly signatures: Readonly<Record<string, Signature>>,
    readonly warmup: WarmupResult | null,
    readonly notes: readonly string[],
    readonly precision: ServedPrecision,
  ) {
    const onBatch = (run: BatchRun): void => {
      this.#crashes = 0;
      options.onBatch(run);
    };
    this.#batcher = new Batcher(signatures, options.batching, onBatch, options.thread);
  }

  /** @throws SignetError `INVALID_SAVED_MODEL` when it cannot be loaded or warmed up. */
  static async start(directory: string, options: VersionRunnerOptions): Promise<VersionRunner> {
    const settled = await startAll(directory, options);
    const workers = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = settled.find((each) => each.status === 'rejected');
    const [first] = workers;
    if (failed || !first) {
      await Promise.all(workers.map((worker) => worker.end()));
      throw failed?.reason;
    }
    const runner = new VersionRunner(directory, options, first.signatures, first.warmup, first.notes, first.precision);
    workers.forEach((worker) => runner.#add(worker));
    return runner;
  }

  /** Whether requests wait for a thread. */
  get isBusy(): boolean {
    return this.#batcher.waiting > 0;
  }

  /** @throws ServingError */
  submit(call: SignatureCall): Promise<Outputs> {
    return this.#batcher.submit(call);
  }

  /** Answers what was accepted, then frees everything. */
  async end(): Promise<void> {
    await this.#batcher.idle();
    this.#state = 'ending';
    await Promise.all([...this.#workers].map((worker) => worker.end()));
  }

  #add(worker: InferenceWorker): void {
    this.#workers.add(worker);
    this.#batcher.addWorker(worker);
    void worker.ended.then(() => this.#onEnded(worker));
  }

  async #onEnded(worker: InferenceWorker): Promise<void> {
    this.#workers.delete(worker);
    this.#batcher.removeWorker(worker);
    if (this.#state !== 'running') return;
    this.#crashes += 1;
    this.options.onCrash();
    try {
      if (this.#crashes > maxCrashes) throw new Error(`its thread has ended ${this.#crashes} times in a row`);
      // It must compute in the same way as the others.
      const next = await startWorker(this.directory, { ...this.options, precision: this.precision.precision });
      await this.#takeOver(next);
    } catch (error) {
      if (this.#workers.size === 0) this.#lose(error as Error);
    }
  }

  /** The version may have ended while the thread started. */
  async #takeOver(worker: InferenceWorker): Promise<void> {
    if (this.#state === 'running') this.#add(worker);
    else await worker.end();
  }

  #lose(error: Error): void {
    this.#state = 'lost';
    this.#batcher.fail(new ServingError('UNAVAILABLE', `The model could not be loaded again: ${error.message}`));
    this.options.onLost(error);
  }
}

/**
 * Starts all threads. If the precision is to be measured, one thread does that, and the others follow it, so that a version always gives the same
 * answer.
 */
async function startAll(
  directory: string,
  options: VersionRunnerOptions,
): Promise<readonly PromiseSettledResult<InferenceWorker>[]> {
  const start = (count: number, each: VersionRunnerOptions) =>
    Promise.allSettled(Array.from({ length: count }, () => startWorker(directory, each)));
  if (options.precision !== 'auto') return start(options.workers, options);
  const [first] = await start(1, options);
  if (first?.status !== 'fulfilled') return first ? [first] : [];
  const { precision } = first.value.precision;
  return [first, ...(await start(options.workers - 1, { ...options, precision }))];
}

function startWorker(
  directory: string,
  { startWorker: start, warmupIterations, trustModels, precision, runtime, name }: VersionRunnerOptions,
): Promise<InferenceWorker> {
  return start(directory, { warmupIterations, trustModels, precision, runtime, name });
}
