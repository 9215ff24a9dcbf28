/** Whether several roads to one model give the same. */
export interface AgreementResult<Road extends string> {
  /** The largest difference of two roads in a logit of an image; NaN when one road gave a number and another did not. */
  readonly maxLogitDifference: number;
  /** Images that two roads hold for different classes, with the class's position by road. */
  readonly differing: readonly { readonly path: string; readonly predicted: Readonly<Partial<Record<Road, number>>> }[];
}

/** Compares the logits of images, one after another; holds none of them. */
export class Agreement<Road extends string> {
  #maxLogitDifference = 0;
  readonly #differing: { path: string; predicted: Partial<Record<Road, number>> }[] = [];

  /** @param answers An image's logits by road. */
  add(path: string, answers: ReadonlyMap<Road, Float32Array>): void {
    const all = [...answers.values()];
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) this.#maxLogitDifference = larger(this.#maxLogitDifference, difference(a, b));
    }
    const predicted = [...answers].map(([road, logits]) => [road, argMax(logits)] as const);
    if (new Set(predicted.map(([, index]) => index)).size <= 1) return;
    this.#differing.push({ path, predicted: Object.fromEntries(predicted) as Partial<Record<Road, number>> });
  }

  result(): AgreementResult<Road> {
    return { maxLogitDifference: this.#maxLogitDifference, differing: [...this.#differing] };
  }
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

/** Of equal logits the first, as with TensorFlow's `argmax`. */
function argMax(logits: Float32Array): number {
  return logits.reduce((best, logit, i) => (logit > (logits[best] ?? NaN) ? i : best), 0);
}
