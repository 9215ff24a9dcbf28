import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { pixelsOf } from '../limits/check-pixels.js';
import { isStrings } from '../worker/packed-value.js';

/** A longer call, in milliseconds, goes to a worker: the thread that answers would keep others waiting. */
const shortMilliseconds = 0.5;
/** Number of a signature's last calls that are looked at. */
const remembered = 8;
/** Types whose values seldom say how large something becomes, as sizes and counts do. */
const plainTypes = new Set(['float32', 'float16', 'bfloat16', 'float64', 'uint8', 'bool']);

/** The thread that answers requests, which runs short calls itself when it has nothing else to do. One per server. */
export class AnsweringThread {
  #open = 0;
  /** Calls that came in this turn of the event loop, and in the one before that brought any. */
  #arrived = 0;
  #arrivedBefore = 0;

  /** Counts a call that has come. @returns A function to call when it is answered. */
  begin(): () => void {
    this.#open += 1;
    if (this.#arrived === 0) setImmediate(() => this.#endTurn());
    this.#arrived += 1;
    return () => (this.#open -= 1);
  }

  /** Whether the call that came last may run in this thread: it is the only one, and calls do not come several at a time. */
  get isFree(): boolean {
    return this.#open === 1 && this.#arrived === 1 && this.#arrivedBefore <= 1;
  }

  #endTurn(): void {
    this.#arrivedBefore = this.#arrived;
    this.#arrived = 0;
  }
}

interface MeasuredCall {
  readonly size: number;
  readonly milliseconds: number;
}

/**
 * Knows which calls of a version are short, from those before: of the same signature and outputs, at least as large, and measured.
 * Where no loop of the graph is endless (`LoadedSavedModel.isShareable`), a call's time is bounded by the size of what it is given.
 */
export class ShortCalls {
  readonly #calls = new Map<string, MeasuredCall[]>();

  /** @param seconds Time that TensorFlow took. */
  observe(signature: string, inputs: Readonly<Record<string, TensorValue>>, seconds: number): void {
    const milliseconds = seconds * 1000;
    // What took long may be large: it is not looked through in the thread that answers.
    const size = milliseconds <= shortMilliseconds ? sizeOf(inputs) : 0;
    if (size === null) return;
    const calls = this.#calls.get(signature) ?? [];
    this.#calls.set(signature, calls);
    calls.push({ size, milliseconds });
    if (calls.length > remembered) calls.shift();
  }

  /** Whether a call will be short: half of the last ones were, and one of them that was at least as large. */
  isShort(signature: string, inputs: Readonly<Record<string, TensorValue>>): boolean {
    const calls = this.#calls.get(signature) ?? [];
    const short = calls.filter(({ milliseconds }) => milliseconds <= shortMilliseconds);
    if (calls.length < remembered || short.length < remembered / 2) return false;
    const least = leastSize(inputs);
    if (!short.some((call) => call.size >= least)) return false;
    const size = sizeOf(inputs);
    return size !== null && short.some((call) => call.size >= size);
  }
}

/** What a call's size is at least, known without a look at what strings hold. */
function leastSize(inputs: Readonly<Record<string, TensorValue>>): number {
  const bytes = (values: readonly Uint8Array[]) => values.reduce((sum, { length }) => sum + length, 0);
  return Object.values(inputs).reduce(
    (sum, { values }) => sum + values.length + (isStrings(values) ? bytes(values) : 0),
    0,
  );
}

/** Elements of numbers; bytes and pixels of images. Null where time depends on more than that. */
function sizeOf(inputs: Readonly<Record<string, TensorValue>>): number | null {
  let size = 0;
  for (const { dtype, values } of Object.values(inputs)) {
    if (isStrings(values)) size += values.reduce((sum, { length }) => sum + length, 0);
    else if (plainTypes.has(dtype)) size += values.length;
    else return null;
  }
  const pixels = pixelsOf(inputs);
  return pixels.includes(0) ? null : pixels.reduce((sum, each) => sum + each, size);
}
