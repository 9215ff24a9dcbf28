import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { hasRows } from '../limits/check-size.js';
import { largeBytes } from '../limits/copy-in-turns.js';
import { ServingError } from '../serving-error.js';
import type { CallResult, InferenceWorker } from '../worker/inference-worker.js';
import { sharedBufferOf, sharedMemory } from '../worker/shared-memory.js';
import { bytesOf, concatRows, partOf, rowShape, rowsOf, splitRows } from './batch-values.js';
import { JoinedRows } from './joined-rows.js';
import type { BatchingSettings } from './batching-options.js';
import { AnsweringThread, ShortCalls } from './short-calls.js';
import { type Outputs, QueuedRequest, type SignatureCall } from './queued-request.js';

/** Batch that ran, for metrics. */
export interface BatchRun {
  readonly signatureName: string;
  readonly requests: number;
  readonly rows: number;
  readonly padding: number;
  /** Time in TensorFlow, in seconds. */
  readonly seconds: number;
}

/** Maximum size of joined inputs of several requests, or of a part of one, in bytes: joining them takes a few milliseconds. */
const mostJoinedBytes = 4 * 2 ** 20;
/** Intended duration of a part of a large request while others come in, in seconds. */
const partSeconds = 0.008;
/** Time after a request during which others are still expected, in milliseconds. */
const sharedMilliseconds = 1000;

/** What a batch gets: a free worker; or this thread, because its call is short, or because all workers compute large ones. */
type Place = 'free' | 'short' | 'helped';

/** A call that is about to run. */
interface PreparedCall {
  /** The call's inputs, or a copy: padded, or of several requests. */
  readonly inputs: SignatureCall['inputs'];
  /** Whether their memory may move to the worker. */
  readonly isOwned: boolean;
  readonly place: Place;
}

/** The part of an InferenceWorker that a Batcher needs. */
export type BatchWorker = Pick<InferenceWorker, 'call' | 'callHere' | 'canCallHere'>;

/**
 * The queue of a version: requests wait until a worker is free, and those that fit together go together
 * (docs/decisions/0011-batching.md).
 *
 * A batch that fails is run again request by request, so that a bad image fails alone.
 */
export class Batcher {
  readonly #queue = new Set<QueuedRequest>();
  /** Requests of a batch that failed; each is run alone, before all others. */
  readonly #again: QueuedRequest[] = [];
  readonly #free: BatchWorker[] = [];
  readonly #workers = new Set<BatchWorker>();
  /** Signatures that turned out not to be a function of single rows. */
  readonly #alone = new Set<string>();
  readonly #whenIdle: (() => void)[] = [];
  #rows = 0;
  #bytes = 0;
  #running = 0;
  /** Number of workers that compute a large request, or a part of one. */
  #largeRunning = 0;
  /** Requests that will be run batch by batch. */
  readonly #large = new Set<QueuedRequest>();
  #isLargeRunning = false;
  #timer: NodeJS.Timeout | undefined;
  #failure: ServingError | null = null;
  readonly #short = new ShortCalls();
  /** Time per row in the last batch of a signature, in seconds. */
  readonly #rowSeconds = new Map<string, number>();
  /** Size of the outputs of a signature's last large call that ran whole, in bytes. */
  readonly #outputBytes = new Map<string, number>();
  /** Time of the last request that is not part of a larger one, by `performance.now`. */
  #othersCameAt = -Infinity;

  /** @param thread The answering thread, which all versions of a server share. */
  constructor(
    private readonly signatures: Readonly<Record<string, Signature>>,
    private readonly options: BatchingSettings,
    private readonly onBatch: (run: BatchRun) => void = () => undefined,
    private readonly thread = new AnsweringThread(),
  ) {
    for (const [name, signature] of Object.entries(signatures)) if (!hasRows(signature)) this.#alone.add(name);
  }

  /** Number of waiting requests. */
  get waiting(): number {
    return this.#queue.size + this.#again.length + this.#large.size;
  }

  addWorker(worker: BatchWorker): void {
    this.#workers.add(worker);
    this.#free.push(worker);
    this.#dispatch();
  }

  /** Sends the worker nothing more. */
  removeWorker(worker: BatchWorker): void {
    this.#workers.delete(worker);
    const position = this.#free.indexOf(worker);
    if (position >= 0) this.#free.splice(position, 1);
  }

  /** @throws ServingError */
  submit(call: SignatureCall): Promise<Outputs> {
    if (this.#failure) return Promise.reject(this.#failure);
    const rows = rowsOf(call.inputs);
    const isCut = rows !== null && this.#isCut(call, rows);
    const end = this.thread.begin(isCut || bytesOf(call.inputs) > largeBytes);
    const done = isCut ? this.#submitLarge(call, rows) : this.#enqueue(call, rows);
    // `finally` would create two more promises for each request.
    done.then(end, end);
    return done;
  }

  /** @param isAccepted Whether it is part of a request that has already been accepted. */
  #enqueue(call: SignatureCall, rows: number | null, isAccepted = false): Promise<Outputs> {
    const request = new QueuedRequest(call, this.#keyOf(call, rows), rows, (gone) => this.#take(gone));
    if (request.isSettled) return request.done;
    const refusal = isAccepted ? null : this.#refusal(request);
    if (refusal) {
      request.reject(refusal);
      return request.done;
    }
    this.#queue.add(request);
    this.#rows += request.rows ?? 1;
    this.#bytes += request.bytes;
    if (!isAccepted) this.#othersCameAt = performance.now();
    if (request.isCopying) void this.#copy(request);
    else this.#dispatch();
    return request.done;
  }

  async #copy(request: QueuedRequest): Promise<void> {
    try {
      await request.copyInputs();
    } catch (error) {
      request.reject(error);
      this.#take(request);
    }
    this.#dispatch();
  }

  /** Whether a request is cut into batches: others run in between, and its deadline ends it. */
  #isCut({ signatureName }: SignatureCall, rows: number): boolean {
    const { maxBatchSize } = this.options;
    return maxBatchSize > 1 && rows > maxBatchSize && !this.#alone.has(signatureName);
  }

  /**
   * Accepts a request with more rows than a batch. Such requests wait in a queue of their own, where they do not block others, and run one after
   * another, with one batch per worker at a time, so that they only take the memory of batches in TensorFlow.
   */
  #submitLarge(call: SignatureCall, rows: number): Promise<Outputs> {
    // A request that nobody waits for any more would keep others out, and hold inputs that are no longer accounted for.
    const request = new QueuedRequest(call, null, rows, (gone) => this.#large.delete(gone));
    if (request.isSettled) return request.done;
    if (this.#large.size >= this.options.maxEnqueuedBatches) request.reject(queueFull());
    else this.#large.add(request);
    if (!this.#isLargeRunning) void this.#runLarge();
    return request.done;
  }

  async #runLarge(): Promise<void> {
    this.#isLargeRunning = true;
    // Requests that arrive meanwhile are run too.
    for (const next of this.#large) {
      this.#large.delete(next);
      if (next.isSettled) continue;
      const { call, rows } = next;
      // Parts do not count as requests.
      const part = { ...call, onRun: undefined };
      const startedAt = performance.now();
      try {
        const outputs = (await this.#runInBatches(part, rows ?? 0)) ?? (await this.#enqueue(part, rows, true));
        tellRun([next], startedAt);
        next.resolve(outputs);
      } catch (error) {
        tellRun([next], startedAt, error);
        next.reject(error);
      }
    }
    this.#isLargeRunning = false;
    this.#wakeIdle();
  }

  /** @returns Null if the outputs turn out not to be rows that can be joined: then it must run as a whole. */
  async #runInBatches(call: SignatureCall, rows: number): Promise<Outputs | null> {
    const joined = new JoinedRows(rows);
    try {
      return await this.#joinBatches(call, rows, joined);
    } catch (error) {
      joined.release();
      throw error;
    }
  }

  async #joinBatches(call: SignatureCall, rows: number, joined: JoinedRows): Promise<Outputs | null> {
    const fitting = Math.floor(mostJoinedBytes / (bytesOf(call.inputs) / rows));
    const most = Math.max(1, Math.min(this.options.maxBatchSize, fitting));
    let next = 0;
    const runNext = async () => {
      // Answers of workers come in one turn as long as there are any: with the next part in the same turn, it would not end.
      if (next > 0) await nextTurn();
      if (next >= rows) return true;
      const start = next;
      const count = Math.min(this.#partRows(call.signatureName, most), rows - start);
      next += count;
      const inputs = partOf(call.inputs, start, count);
      const part = { ...call, inputs, isPart: true, into: joined.placesOf(start, count) };
      return joined.add(await this.#enqueue(part, count, true), start, count);
    };
    if (!(await runNext())) {
      this.#alone.add(call.signatureName);
      return null;
    }
    const runOthers = async () => {
      while (next < rows) {
        let isJoinable = false;
        try {
          isJoinable = await runNext();
        } finally {
          // A failure ends it for all workers.
          if (!isJoinable) next = rows;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, this.#workers.size) }, runOthers));
    const { outputs } = joined;
    if (!outputs) joined.release();
    return outputs;
  }

  /** Number of rows of a large request that run at once: fewer while others come in, since these must wait. */
  #partRows(signatureName: string, most: number): number {
    const seconds = this.#rowSeconds.get(signatureName);
    const isShared = performance.now() - this.#othersCameAt < sharedMilliseconds;
    if (!isShared || seconds === undefined) return most;
    return Math.max(1, Math.min(most, Math.floor(partSeconds / seconds)));
  }

  /** Settles when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#running > 0 || this.waiting > 0 || this.#isLargeRunning) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
  }

  /** Fails everything that is waiting, and all further requests. */
  fail(error: ServingError): void {
    this.#failure = error;
    clearTimeout(this.#timer);
    for (const request of [...this.#queue, ...this.#again.splice(0), ...this.#large]) {
      request.reject(error);
      this.#large.delete(request);
      this.#take(request);
    }
    this.#wakeIdle();
  }

  #keyOf(call: SignatureCall, rows: number | null): string | null {
    if (rows === null || rows > this.options.maxBatchSize || this.options.maxBatchSize === 1) return null;
    if (this.#alone.has(call.signatureName)) return null;
    const outputs = call.outputs ? JSON.stringify(call.outputs.toSorted()) : '';
    return `${call.signatureName}\n${outputs}\n${rowShape(call.inputs)}`;
  }

  #refusal({ rows, bytes }: QueuedRequest): ServingError | null {
    if (this.#queue.size === 0) return null;
    const { maxBatchSize, maxEnqueuedBatches, maxEnqueuedBytes } = this.options;
    if (this.#rows + (rows ?? 1) > maxBatchSize * maxEnqueuedBatches) {
      return queueFull();
    }
    if (this.#bytes + bytes <= maxEnqueuedBytes) return null;
    return new ServingError(
      'RESOURCE_EXHAUSTED',
      `The requests that wait would take more than ${maxEnqueuedBytes} bytes`,
    );
  }

  #take(request: QueuedRequest): void {
    if (this.#queue.delete(request)) {
      this.#rows -= request.rows ?? 1;
      this.#bytes -= request.bytes;
    }
    if (this.waiting === 0) this.#wakeIdle();
  }

  #dispatch(): void {
    while (this.#free.length > 0) {
      const batch = this.#next();
      const worker = batch ? this.#free.shift() : undefined;
      if (!batch || !worker) return;
      void this.#run(worker, batch);
    }
    this.#runShortHere();
  }

  /** Runs a short call in this thread while all workers are busy: it need not wait for them, which may compute large ones. */
  #runShortHere(): void {
    const [worker] = this.#workers;
    if (this.#queue.size === 0 || !worker?.canCallHere) return;
    const isHelped = this.#largeRunning === this.#workers.size;
    if (!isHelped && !this.thread.isFree) return;
    for (const request of this.#queue) {
      if (request.isLarge || request.call.isPart || !this.#short.isShort(request.call, isHelped)) continue;
      const batch = this.#ripeBatch(request);
      if (!batch || (!isHelped && batch.length > 1)) return;
      if (isHelped && !this.thread.mayHelp(() => this.#dispatch())) return;
      this.#take(request);
      void this.#run(worker, [request], isHelped ? 'helped' : 'short');
      return;
    }
  }

  /** The oldest request that may run, with the requests that can share its batch. */
  #next(): QueuedRequest[] | null {
    for (let again = this.#again.shift(); again; again = this.#again.shift()) {
      if (!again.isSettled) return [again];
    }
    const seen = new Set<string | null>();
    for (const request of this.#queue) {
      if (request.isCopying) continue;
      if (seen.has(request.key)) continue;
      if (!request.isLarge) seen.add(request.key);
      const batch = request.key === null || request.isLarge ? [request] : this.#ripeBatch(request);
      if (!batch) continue;
      batch.forEach((each) => this.#take(each));
      return batch;
    }
    return null;
  }

  /** Returns null if it is better to wait for more. */
  #ripeBatch(first: QueuedRequest): QueuedRequest[] | null {
    const { maxBatchSize, batchTimeoutMicros } = this.options;
    const batch: QueuedRequest[] = [];
    let [rows, bytes] = [0, 0];
    let isFull = false;
    for (const request of this.#queue) {
      if (request.key !== first.key || request.isLarge) continue;
      isFull = rows + (request.rows ?? 0) > maxBatchSize || bytes + request.bytes > mostJoinedBytes;
      if (isFull) break;
      batch.push(request);
      rows += request.rows ?? 0;
      bytes += request.bytes;
    }
    const wait = first.since + batchTimeoutMicros / 1000 - performance.now();
    if (isFull || rows >= maxBatchSize || batchTimeoutMicros === 0 || wait <= 0) return batch;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#dispatch();
    }, Math.ceil(wait));
    return null;
  }

  async #run(worker: BatchWorker, batch: readonly QueuedRequest[], place: Place = 'free'): Promise<void> {
    const isBusy = place !== 'free';
    const isLarge = !isBusy && batch.some(({ isLarge, call }) => isLarge || call.isPart);
    this.#running += 1;
    if (isLarge) this.#largeRunning += 1;
    const startedAt = performance.now();
    try {
      await this.#compute(worker, batch, place);
    } catch (error) {
      tellRun(batch, startedAt, error);
      const isLost = error instanceof ServingError && error.status === 'UNAVAILABLE';
      if (batch.length === 1 || isLost) batch.forEach((request) => request.reject(error));
      else this.#runAlone(batch);
    }
    this.#running -= 1;
    if (isLarge) this.#largeRunning -= 1;
    if (!isBusy && this.#workers.has(worker)) this.#free.push(worker);
    this.#dispatch();
    this.#wakeIdle();
  }

  async #compute(worker: BatchWorker, batch: readonly QueuedRequest[], place: Place): Promise<void> {
    const [first] = batch;
    if (!first) return;
    const { signatureName } = first.call;
    const sizes = batch.map(({ rows }) => rows ?? 0);
    const rows = rowsIn(batch);
    const padding = first.key === null ? 0 : this.#padding(rows);
    const isJoined = batch.length > 1 || padding > 0;
    const joined = isJoined
      ? concatRows(
          batch.map(({ call }) => call.inputs),
          padding,
        )
      : first.inputs;
    const startedAt = performance.now();
    const isOwned = isJoined || first.isOwned;
    const { outputs, seconds } = await this.#callAny(worker, batch, { inputs: joined, isOwned, place });
    if (rows > 0) this.#rowSeconds.set(signatureName, seconds / (rows + padding));
    const parts = isJoined ? splitRows(outputs, sizes, rows + padding) : [outputs];
    // Whoever gets outputs releases them.
    if (first.isLarge && (isJoined || first.isSettled)) sharedMemory.release(outputs);
    if (parts === null) {
      this.#alone.add(signatureName);
      this.#runAlone(batch);
      return;
    }
    this.onBatch({ signatureName, requests: batch.length, rows, padding, seconds });
    tellRun(batch, startedAt);
    batch.forEach((request, i) => request.resolve(parts[i] ?? {}));
  }

  #callAny(
    worker: BatchWorker,
    [first, ...others]: readonly QueuedRequest[],
    prepared: PreparedCall,
  ): Promise<CallResult> {
    if (!first) throw new Error('unreachable: a batch has requests');
    const { inputs, isOwned } = prepared;
    if (first.isLarge && !first.call.isPart) return this.#callLarge(worker, first.call, inputs, isOwned);
    const isHere = others.length === 0 && worker.canCallHere;
    return isHere ? this.#callOne(worker, first.call, prepared) : this.#call(worker, first.call, inputs, isOwned);
  }

  /** Runs a large call, which is alone, as a whole. Its outputs go into shared memory if those of the last one would have had room there. */
  async #callLarge(
    worker: BatchWorker,
    call: SignatureCall,
    inputs: SignatureCall['inputs'],
    isOwned: boolean,
  ): Promise<CallResult> {
    const memory = sharedMemory.take(this.#outputBytes.get(call.signatureName) ?? 0);
    let isUsed = false;
    try {
      const result = await this.#call(worker, call, inputs, isOwned, memory);
      this.#outputBytes.set(call.signatureName, bytesOf(result.outputs));
      isUsed = Object.values(result.outputs).some(({ values }) => sharedBufferOf(values) === memory);
      return result;
    } finally {
      if (memory && !isUsed) sharedMemory.giveBack(memory);
    }
  }

  /** Runs a single request by a worker that shares its model: in this thread if that will be short. */
  async #callOne(
    worker: BatchWorker,
    call: SignatureCall,
    { inputs, isOwned, place }: PreparedCall,
  ): Promise<CallResult> {
    const { signatureName, outputs } = call;
    const isHelped = place === 'helped';
    // This thread has enough to do for a request that is computed in parts.
    const mayRunHere = isHelped || (this.thread.isFree && !call.isPart);
    const isHere = mayRunHere && this.#short.isShort({ ...call, inputs }, isHelped);
    const result = isHere
      ? worker.callHere(signatureName, inputs, outputs)
      : await this.#call(worker, call, inputs, isOwned);
    // The memory of a copy may belong to the worker now.
    if (!call.isPart) this.#short.observe(call, result.seconds);
    return result;
  }

  /** The worker may use shared memory even after its client has gone. */
  async #call(
    worker: BatchWorker,
    { signatureName, outputs, into }: SignatureCall,
    inputs: SignatureCall['inputs'],
    isOwned: boolean,
    memory?: SharedArrayBuffer,
  ): Promise<CallResult> {
    const called = () => worker.call(signatureName, inputs, { outputs, isOwned, into, memory });
    if (sharedMemory.lent === 0) return called();
    for (const values of [inputs, into ?? {}]) sharedMemory.hold(values);
    try {
      return await called();
    } finally {
      for (const values of [inputs, into ?? {}]) sharedMemory.release(values);
    }
  }

  #padding(rows: number): number {
    const size = this.options.allowedBatchSizes.find((allowed) => allowed >= rows);
    return size === undefined ? 0 : size - rows;
  }

  #runAlone(batch: readonly QueuedRequest[]): void {
    if (this.#failure) {
      batch.forEach((request) => request.reject(this.#failure));
      return;
    }
    for (const request of batch) request.key = null;
    this.#again.push(...batch);
  }

  #wakeIdle(): void {
    if (this.#running > 0 || this.waiting > 0 || this.#isLargeRunning) return;
    for (const wake of this.#whenIdle.splice(0)) wake();
  }
}

/** Reports to callers that asked when and how the session ran. */
function tellRun(batch: readonly QueuedRequest[], startedAt: number, error?: unknown): void {
  if (batch.every(({ call }) => !call.onRun)) return;
  const run = { startedAt, endedAt: performance.now(), rows: rowsIn(batch), requests: batch.length, error };
  for (const { call, since } of batch) call.onRun?.({ queuedAt: since, ...run });
}

function rowsIn(batch: readonly QueuedRequest[]): number {
  return batch.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
}

function queueFull(): ServingError {
  return new ServingError('UNAVAILABLE', 'The batch scheduling queue to which this task was submitted is full');
}
