import { pixelsOf } from '../limits/check-pixels.js';
import { isStrings } from '../worker/packed-value.js';
import type { SignatureCall } from './queued-request.js';

/** A call that takes longer, in milliseconds, goes to a worker: in the answering thread it would keep others waiting. */
const shortMilliseconds = 0.5;
/** The same while all workers compute large calls: there it would wait for tens of milliseconds. */
const helpedMilliseconds = 4;
/** Number of a kind's last calls that are considered. */
const remembered = 8;
/** Number of kinds of calls that are remembered, the latest ones: clients choose the outputs, so they create kinds. */
const mostKinds = 64;
/** Types whose values are rarely sizes or counts, so that they seldom decide how large something becomes. */
const plainTypes = new Set(['float32', 'float16', 'bfloat16', 'float64', 'uint8', 'bool']);

/** A thread that always counts as busy. */
export function busyThread(): AnsweringThread {
  const thread = new AnsweringThread();
  thread.begin();
  return thread;
}

/** The thread that answers requests, which runs short calls itself when it has nothing else to do. One per server. */
export class AnsweringThread {
  #open = 0;
  /** Calls in this turn of the event loop, and in the last one before it that had any. */
  #arrived = 0;
  #arrivedBefore = 0;
  /** Those who want to run a call while all of their workers compute large ones; undefined if the next one may. */
  #helping: Set<() => void> | undefined;

  /**
   * Counts a call that has arrived.
   *
   * @param isLarge Whether a worker computes it for long, while this thread is free. Default: false.
   * @returns A function to call when it is answered.
   */
  begin(isLarge = false): () => void {
    const count = isLarge ? 0 : 1;
    this.#open += count;
    if (this.#arrived === 0) setImmediate(() => this.#endTurn());
    this.#arrived += 1;
    return () => (this.#open -= count);
  }

  /** Whether the latest call may run in this thread: it is the only one except for large ones, and calls do not arrive several at a time. */
  get isFree(): boolean {
    return this.#open === 1 && this.#arrived === 1 && this.#arrivedBefore <= 1;
  }

  /**
   * Whether a call whose workers are all busy with large ones may run in this thread: one per turn of the event loop, and afterwards none for twice
   * as long as that turn took, so that most of the time is left for clients that send, receive and connect.
   *
   * @param again Called when the next call may run, if this one may not.
   */
  mayHelp(again: () => void): boolean {
    if (this.#helping) {
      this.#helping.add(again);
      return false;
    }
    const helping = new Set<() => void>();
    this.#helping = helping;
    const started = performance.now();
    const end = () => {
      this.#helping = undefined;
      helping.forEach((each) => each());
    };
    setImmediate(() => setTimeout(end, Math.ceil((performance.now() - started) * 2)));
    return true;
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
 * Predicts which calls of a version are short, from earlier ones that were measured: of the same signature and outputs, and at least as large. If no
 * loop of the graph can be endless (`LoadedSavedModel.isShareable`), the size of its inputs limits a call's time.
 */
export class ShortCalls {
  readonly #calls = new Map<string, MeasuredCall[]>();

  /** @param seconds Time that TensorFlow took. */
  observe(call: SignatureCall, seconds: number): void {
    const milliseconds = seconds * 1000;
    // A call that took long may be large, so it is not scanned in the answering thread.
    const size = milliseconds <= helpedMilliseconds ? sizeOf(call, Infinity) : 0;
    if (size === null) return;
    const kind = kindOf(call);
    const calls = this.#calls.get(kind) ?? [];
    // Moves the kind that was called last to the end.
    this.#calls.delete(kind);
    this.#calls.set(kind, calls);
    calls.push({ size, milliseconds });
    if (calls.length > remembered) calls.shift();
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > mostKinds && oldest !== undefined) this.#calls.delete(oldest);
  }

  /**
   * Predicts whether a call will be short: at least half of the last ones were, and one of these was at least as large.
   *
   * @param isHelped Whether it would wait for a large call otherwise, so that it may take longer. Default: false.
   */
  isShort(call: SignatureCall, isHelped = false): boolean {
    const calls = this.#calls.get(kindOf(call)) ?? [];
    const most = isHelped ? helpedMilliseconds : shortMilliseconds;
    const short = calls.filter(({ milliseconds }) => milliseconds <= most);
    if (calls.length < remembered || short.length < remembered / 2) return false;
    return sizeOf(call, Math.max(...short.map(({ size }) => size))) !== null;
  }
}

/** Key of the calls whose times are compared: the signature, and the outputs that a client asks for. */
function kindOf({ signatureName, outputs }: SignatureCall): string {
  return JSON.stringify([signatureName, outputs && [...new Set(outputs)].toSorted()]);
}

/**
 * Counts a call's elements, and the bytes and pixels of its images.
 *
 * @returns Null if they are more than `most`, or if the time depends on more than these. Strings are not scanned if the rest is too much already.
 */
function sizeOf({ inputs }: SignatureCall, most: number): number | null {
  const values = Object.values(inputs);
  const strings = values.flatMap((each) => (isStrings(each.values) ? [each.values] : []));
  if (values.some((each) => !isStrings(each.values) && !plainTypes.has(each.dtype))) return null;
  const elements = sumOf(values.map((each) => each.values.length));
  if (elements > most) return null;
  const size = elements + sumOf(strings.map((each) => sumOf(each.map(({ length }) => length))));
  if (size > most) return null;
  const pixels = pixelsOf(inputs);
  const whole = size + sumOf(pixels);
  return pixels.includes(0) || whole > most ? null : whole;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
