import type { Worker } from 'node:worker_threads';

import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
// A worker that ends unloads TensorFlow's library, and the process with it, unless the main thread has loaded it first;
// that also keeps its log quiet.
import '../../tensorflow/tf.js';
import type { PrecisionChoice } from '../../tensorflow/precision.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { asServingError, ServingError } from '../serving-error.js';
import type {
  InferenceReply,
  InferenceRequest,
  InferenceWorkerData,
  NamedOutputs,
  WarmupResult,
} from './inference-messages.js';
import { type Packing, packValues, unpackValue } from './packed-value.js';
import { errorOf, plainError } from './plain-error.js';
import { signatureOf } from './plain-signature.js';
import type { Runtime } from './served-model.js';
import type { ServedPrecision } from './served-precision.js';
import { startWorker } from '../../files/start-worker.js';

/** Options for starting a worker. */
export interface InferenceWorkerOptions {
  /** Number of times that the warmup records of the SavedModel are replayed. Default: 1. */
  readonly warmupIterations?: number;
  /** Whether the model may hold operations that read or write files. Default: false. */
  readonly trustModels?: boolean | undefined;
  /** Precision in which it computes; `auto` measures it. Default: `float32`. */
  readonly precision?: PrecisionChoice | undefined;
  /** Runtime that computes its network. Default: `tensorflow`. */
  readonly runtime?: Runtime | undefined;
  /** The thread's name, for debuggers. Default: `inference`. */
  readonly name?: string;
}

/** How a worker runs a call. */
export interface CallOptions {
  /** Outputs to return. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Whether the memory of the inputs may move to the worker. Default: it is copied. Shared memory is neither moved nor copied. */
  readonly isOwned?: boolean | undefined;
  /** Values in shared memory that outputs of the same names, types and sizes are written to. Default: outputs get memory of their own. */
  readonly into?: Readonly<Record<string, TensorValue>> | undefined;
  /** Shared memory for other large outputs, if they fit. Default: none. */
  readonly memory?: SharedArrayBuffer | undefined;
}

/** Result of a call: outputs by name, and the seconds that TensorFlow took. */
export interface CallResult {
  readonly outputs: Record<string, TensorValue>;
  readonly seconds: number;
}

interface Loaded {
  readonly signatures: Readonly<Record<string, Signature>>;
  readonly warmup: WarmupResult | null;
  readonly notes: readonly string[];
  readonly precision: ServedPrecision;
  /** The worker's model, which this thread can run too; null for one that it must not run. */
  readonly shared: LoadedSavedModel | null;
}

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface PendingCall extends Pending<CallResult> {
  readonly places: Places;
}

/** Where outputs are written. */
type Places = Pick<CallOptions, 'into' | 'memory'>;

/** Time that an idle worker may take to free its session before it is ended by force, in milliseconds. */
const endMilliseconds = 5000;

/** A SavedModel with its own session in its own thread: calls are sent there and never block the calling thread. */
export class InferenceWorker {
  /** Signatures by SignatureDef key. */
  readonly signatures: Readonly<Record<string, Signature>>;
  /** Null if the SavedModel has no warmup records. */
  readonly warmup: WarmupResult | null;
  /** Sentences for the log about how it was loaded; each continues the model's name. */
  readonly notes: readonly string[];
  /** Precision in which it computes. */
  readonly precision: ServedPrecision;
  readonly #connection: Connection;
  #shared: LoadedSavedModel | null;

  private constructor(connection: Connection, { signatures, warmup, notes, precision, shared }: Loaded) {
    this.#connection = connection;
    this.#shared = shared;
    void connection.ended.then(() => {
      this.#shared?.dispose();
      this.#shared = null;
    });
    this.signatures = signatures;
    this.warmup = warmup;
    this.notes = notes;
    this.precision = precision;
  }

  /** @throws SignetError `INVALID_SAVED_MODEL` when it cannot be loaded or warmed up. */
  static async start(directory: string, options: InferenceWorkerOptions = {}): Promise<InferenceWorker> {
    const { warmupIterations = 1, trustModels = false, precision = 'float32', runtime = 'tensorflow' } = options;
    const { name = 'inference' } = options;
    const connection = new Connection({ directory, warmupIterations, trustModels, precision, runtime }, name);
    try {
      return new InferenceWorker(connection, await connection.loaded);
    } catch (error) {
      await connection.worker.terminate();
      throw error;
    }
  }

  /** Settles when the thread has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#connection.ended;
  }

  /**
   * Runs a signature.
   *
   * @param inputs Every input, with its dtype.
   * @throws ServingError `INVALID_ARGUMENT` with TensorFlow's words; `UNAVAILABLE` when the thread ends first.
   */
  call(
    signature: string,
    inputs: Readonly<Record<string, TensorValue>>,
    options: CallOptions = {},
  ): Promise<CallResult> {
    return this.#connection.call(signature, packValues(inputs, options.isOwned === true), options);
  }

  /** Whether this thread can run the model itself. */
  get canCallHere(): boolean {
    return this.#shared !== null;
  }

  /**
   * Runs a signature in this thread, and blocks it meanwhile. For calls that take less time than a message to the worker and back.
   *
   * @throws ServingError as `call` does; `UNAVAILABLE` unless `canCallHere`.
   */
  callHere(signature: string, inputs: Readonly<Record<string, TensorValue>>, outputs?: readonly string[]): CallResult {
    if (!this.#shared) throw new ServingError('UNAVAILABLE', 'The model runs in a thread of its own.');
    const started = performance.now();
    try {
      const results = this.#shared.callValues(signature, inputs, outputs);
      return { outputs: results, seconds: (performance.now() - started) / 1000 };
    } catch (error) {
      throw asServingError(errorOf(plainError(error)));
    }
  }

  /** Frees the session and ends the thread. All calls should have ended before. */
  async end(): Promise<void> {
    this.#connection.post({ type: 'end' });
    const timer = setTimeout(() => void this.terminate(), endMilliseconds);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the thread now, as a crash would. */
  async terminate(): Promise<void> {
    await this.#connection.worker.terminate();
  }
}

/** The messages of a worker, which matches each answer with its request. */
class Connection {
  readonly worker: Worker;
  readonly loaded: Promise<Loaded>;
  readonly ended: Promise<void>;
  readonly #pending = new Map<number, PendingCall>();
  #loading: Pending<Loaded> | null = null;
  #nextId = 1;
  #end: ServingError | null = null;

  readonly directory: string;

  constructor(workerData: InferenceWorkerData, name: string) {
    this.directory = workerData.directory;
    this.worker = startWorker(new URL('./inference-worker-main', import.meta.url), { workerData, name });
    this.loaded = new Promise((resolve, reject) => (this.#loading = { resolve, reject }));
    let cause: unknown;
    this.worker.on('message', (reply: InferenceReply) => this.#receive(reply));
    this.worker.on('error', (error) => (cause = error));
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', () => {
        this.#fail(cause);
        resolve();
      });
    });
  }

  call(
    signature: string,
    { values, transfer }: Packing,
    { outputs, into, memory }: Omit<CallOptions, 'isOwned'>,
  ): Promise<CallResult> {
    if (this.#end) return Promise.reject(this.#end);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, places: { into, memory } });
      const packed = into && packValues(into, false).values;
      this.post({ type: 'call', id, signature, inputs: values, outputs, into: packed, memory }, transfer);
    });
  }

  post(request: InferenceRequest, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(request, transfer);
  }

  #receive(reply: InferenceReply): void {
    if (reply.type === 'loaded') {
      const { warmup, notes, precision, offer } = reply;
      const signatures = Object.fromEntries(
        reply.signatures.map(([key, signature]) => [key, signatureOf(signature)] as const),
      );
      const shared = offer === null ? null : LoadedSavedModel.take(this.directory, signatures, offer);
      this.#loading?.resolve({ signatures, warmup, notes, precision, shared });
    } else if (reply.type === 'not-loaded') {
      this.#loading?.reject(errorOf(reply.error));
    } else {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.type === 'error') pending?.reject(asServingError(errorOf(reply.error)));
      else pending?.resolve({ outputs: outputsOf(reply.outputs, pending.places), seconds: reply.seconds });
    }
  }

  #fail(cause: unknown): void {
    const why = cause instanceof Error ? `: ${cause.message}` : '.';
    const error = new ServingError('UNAVAILABLE', `The thread that runs the model has ended${why}`, { cause });
    this.#end = error;
    this.#loading?.reject(error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** The outputs of a reply; null stands for one that was written into the memory given for it. */
function outputsOf(named: NamedOutputs, { into, memory }: Places): Record<string, TensorValue> {
  const outputs = named.map(([name, value]) => {
    if (value) return [name, unpackValue(value, memory)] as const;
    const placed = into?.[name];
    if (!placed) throw new Error(`unreachable: there was no memory for "${name}"`);
    return [name, placed] as const;
  });
  return Object.fromEntries(outputs);
}
