/** How well one class is told from the others. Null where nothing was predicted or nothing was there to find. */
export interface ClassMetrics {
  readonly className: string;
  /** Of the images called this, how many are. */
  readonly precision: number | null;
  /** Of the images that are this, how many are called so. */
  readonly recall: number | null;
  /** Harmonic mean of the two. */
  readonly f1: number | null;
  /** How many images are this. */
  readonly support: number;
}

/** What an evaluation says of a classifier. */
export interface ClassificationResult {
  readonly images: number;
  readonly accuracy: number;
  /** Mean sparse categorical cross-entropy from logits, in nats. */
  readonly loss: number;
  readonly topK: { readonly k: number; readonly accuracy: number };
  readonly perClass: readonly ClassMetrics[];
  /** Rows are the true classes, columns the predicted ones. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** Images with a logit that is NaN or infinite. They count as wrong. */
  readonly nonFinite: number;
}

/** Collects logits batch by batch; holds a confusion matrix, never the logits. */
export class ClassificationMetrics {
  readonly #confusion: number[][];
  readonly #k: number;
  #images = 0;
  #loss = 0;
  #inTopK = 0;
  #nonFinite = 0;
  #nonFiniteCorrect = 0;

  constructor(private readonly classNames: readonly string[]) {
    this.#confusion = classNames.map(() => classNames.map(() => 0));
    this.#k = Math.min(5, Math.max(1, classNames.length - 1));
  }

  /**
   * @param logits [n, classes] in C order
   * @param labels [n] positions in the class names
   */
  add(logits: Float32Array, labels: ArrayLike<number>): void {
    const classes = this.classNames.length;
    for (let image = 0; image < labels.length; image += 1) {
      this.#addImage(logits.subarray(image * classes, (image + 1) * classes), labels[image] ?? 0);
    }
  }

  result(): ClassificationResult {
    const correct = this.#confusion.reduce((sum, row, label) => sum + (row[label] ?? 0), 0);
    return {
      images: this.#images,
      accuracy: (correct - this.#nonFiniteCorrect) / this.#images,
      loss: this.#loss / this.#images,
      topK: { k: this.#k, accuracy: this.#inTopK / this.#images },
      perClass: this.classNames.map((className, label) => this.#classMetrics(className, label)),
      confusionMatrix: this.#confusion,
      nonFinite: this.#nonFinite,
    };
  }

  #addImage(logits: Float32Array, label: number): void {
    this.#images += 1;
    const predicted = logits.reduce((best, logit, i) => (logit > (logits[best] ?? NaN) ? i : best), 0);
    const row = this.#confusion[label];
    if (row) row[predicted] = (row[predicted] ?? 0) + 1;
    this.#loss += crossEntropy(logits, label);
    if (!logits.every(Number.isFinite)) {
      this.#nonFinite += 1;
      if (predicted === label) this.#nonFiniteCorrect += 1;
      return;
    }
    const own = logits[label] ?? -Infinity;
    const before = logits.filter((logit, i) => logit > own || (logit === own && i < label)).length;
    if (before < this.#k) this.#inTopK += 1;
  }

  #classMetrics(className: string, label: number): ClassMetrics {
    const found = this.#confusion[label]?.[label] ?? 0;
    const support = sum(this.#confusion[label] ?? []);
    const predicted = sum(this.#confusion.map((row) => row[label] ?? 0));
    const precision = predicted === 0 ? null : found / predicted;
    const recall = support === 0 ? null : found / support;
    const f1 = support + predicted === 0 ? null : (2 * found) / (support + predicted);
    return { className, precision, recall, f1, support };
  }
}

/** `log(sum(exp(logits))) - logits[label]`, with the largest logit taken out so that nothing overflows. */
function crossEntropy(logits: Float32Array, label: number): number {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = logits.reduce((rest, logit) => rest + Math.exp(logit - largest), 0);
  return Math.log(total) + largest - (logits[label] ?? NaN);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
