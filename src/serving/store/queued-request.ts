import { type CancelSignal, clientHasGone } from '../cancellation.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { PredictRequest } from '../model-server.js';
import { ServingError } from '../serving-error.js';
import { largeBytes } from '../limits/copy-in-turns.js';
import { sharedBufferOf } from '../worker/shared-memory.js';
import { bytesOf, copyValues } from './batch-values.js';

/** A call of a signature that has been checked. */
export interface SignatureCall {
  readonly signatureName: string;
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Default: all. */
  readonly outputs?: readonly string[] | undefined;
  readonly signal?: CancelSignal | undefined;
  /** Milliseconds since 1970. */
  readonly deadline?: number | undefined;
  /** Whether it is a part of a larger call, which has been accepted. Default: false. */
  readonly isPart?: boolean | undefined;
  /** Shared memory for the outputs, used where they fit. Default: they get memory of their own. */
  readonly into?: Outputs | undefined;
  /** Called when it has run, before it settles. Default: nobody is called. */
  readonly onRun?: PredictRequest['onRun'];
}

export type Outputs = Record<string, TensorValue>;

/** Node.js would turn a longer timeout into one millisecond. */
const maxTimeout = 2 ** 31 - 1;

/** A waiting or running request. It settles once: with its outputs, or earlier when its deadline passes or its client leaves. */
export class QueuedRequest {
  readonly done: Promise<Outputs>;
  readonly bytes: number;
  /** Time of its arrival, by `performance.now`. */
  readonly since = performance.now();
  /** The call's inputs, or a copy of them that can be moved to a worker. */
  inputs: SignatureCall['inputs'];
  /** Whether the inputs are being copied, because they are large and not in shared memory: then it must not run yet. */
  isCopying: boolean;
  /** Whether the inputs are a copy. */
  isOwned = false;
  #isSettled = false;
  #resolve: (outputs: Outputs) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param key Requests with the same key can share a batch; null for a request that runs alone.
   * @param rows Null if it has no rows to count.
   * @param onGone Called when it settles without its outputs.
   */
  constructor(
    readonly call: SignatureCall,
    public key: string | null,
    readonly rows: number | null,
    private readonly onGone: (request: QueuedRequest) => void,
  ) {
    this.inputs = call.inputs;
    this.bytes = bytesOf(call.inputs);
    this.isCopying = this.isLarge && !Object.values(call.inputs).every(({ values }) => sharedBufferOf(values));
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#watch(call);
  }

  /** Whether its inputs are too large to be copied at once, which is also why it runs alone. */
  get isLarge(): boolean {
    return this.bytes > largeBytes;
  }

  /** Copies the inputs of a large request. */
  async copyInputs(): Promise<void> {
    this.inputs = await copyValues(this.call.inputs);
    this.isOwned = true;
    this.isCopying = false;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  resolve(outputs: Outputs): void {
    if (this.#settle()) this.#resolve(outputs);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  #watch({ signal, deadline = Infinity }: SignatureCall): void {
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    const left = deadline - Date.now();
    if (left <= 0) {
      this.#onDeadline();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (left <= maxTimeout) this.#timer = setTimeout(this.#onDeadline, Math.ceil(left));
  }

  readonly #onAbort = (): void => this.#leave(clientHasGone());

  readonly #onDeadline = (): void => this.#leave(new ServingError('DEADLINE_EXCEEDED', 'Deadline Exceeded'));

  #leave(error: ServingError): void {
    this.reject(error);
    this.onGone(this);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.call.signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}
