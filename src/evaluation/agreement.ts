import { reachesThreshold } from './multi-label/best-threshold.js';

/** How far the answers of one model over several transports agree. */
export interface AgreementResult<Transport extends string> {
  /** The largest difference between two transports in a logit of an image; NaN when one transport gave a number and another did not. */
  readonly maxLogitDifference: number;
  /** Images that were classified differently, with the class's position by transport. */
  readonly differing: readonly {
    readonly path: string;
    readonly predicted: Readonly<Partial<Record<Transport, Predicted>>>;
  }[];
}

/** Position of a class, or the positions of all classes that an image of a multi-label model has. */
export type Predicted = number | readonly number[];

/** Compares the logits of images, one after another; holds none of them. */
export class Agreement<Transport extends string> {
  #maxLogitDifference = 0;
  readonly #differing: { path: string; predicted: Partial<Record<Transport, Predicted>> }[] = [];

  /** @param thresholds Of a multi-label model, by class. Default: an image has the class with the largest logit. */
  constructor(private readonly thresholds: readonly number[] | null = null) {}

  /** @param answers An image's logits by transport. */
  add(path: string, answers: ReadonlyMap<Transport, Float32Array>): void {
    const all = [...answers.values()];
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) this.#maxLogitDifference = larger(this.#maxLogitDifference, difference(a, b));
    }
    const predicted = [...answers].map(([transport, logits]) => [transport, this.#predict(logits)] as const);
    if (new Set(predicted.map(([, found]) => String(found))).size <= 1) return;
    this.#differing.push({ path, predicted: Object.fromEntries(predicted) as Partial<Record<Transport, Predicted>> });
  }

  #predict(logits: Float32Array): Predicted {
    const { thresholds } = this;
    return thresholds === null ? argMax(logits) : presentClasses(logits, thresholds);
  }

  result(): AgreementResult<Transport> {
    return { maxLogitDifference: this.#maxLogitDifference, differing: [...this.#differing] };
  }
}

/**
 * Positions of the classes that an image is taken for, rising: the one with the largest logit, or those whose probability is at least the threshold;
 * none where a logit is not finite.
 *
 * @param thresholds Null for a classifier that gives each image one class.
 */
export function predictedClasses(logits: Float32Array, thresholds: ArrayLike<number> | null): number[] {
  if (!logits.every(Number.isFinite)) return [];
  return thresholds === null ? [argMax(logits)] : presentClasses(logits, thresholds);
}

function presentClasses(logits: Float32Array, thresholds: ArrayLike<number>): number[] {
  if (!logits.every(Number.isFinite)) return [];
  return [...logits.keys()].filter((label) => reachesThreshold(logits[label], thresholds[label]));
}

function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return NaN;
  return a.reduce((largest, value, i) => {
    const other = b[i] ?? NaN;
    return Object.is(value, other) ? largest : larger(largest, Math.abs(value - other));
  }, 0);
}

/** NaN is kept once it is there. */
function larger(a: number, b: number): number {
  return Number.isNaN(a) || a > b ? a : b;
}

/** Position of the largest logit; the first of equal ones, as with TensorFlow's `argmax`. */
export function argMax(logits: Float32Array): number {
  return logits.reduce((best, logit, i) => (logit > (logits[best] ?? NaN) ? i : best), 0);
}
