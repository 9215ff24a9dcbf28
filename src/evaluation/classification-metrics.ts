import { SignetError } from '../errors.js';
import { argMax } from './agreement.js';
import { type Calibration, Reliability } from './confidence/reliability.js';
import { SelectiveAccuracy, type ThresholdRow } from './confidence/selective-accuracy.js';

/** How well one class is distinguished from the others. Null if nothing was predicted, or nothing was there to find. */
export interface ClassMetrics {
  /** Name of the class. */
  readonly className: string;
  /** Fraction of the images predicted as this class that are of it. */
  readonly precision: number | null;
  /** Fraction of the images of this class that are predicted as it. */
  readonly recall: number | null;
  /** Harmonic mean of the two. */
  readonly f1: number | null;
  /** Number of images of this class. */
  readonly support: number;
}

/** The classes' metrics in one number each. Null before the first image. */
export interface AverageMetrics {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** Metrics of a classifier. Without images the ratios and the loss are NaN. */
export interface ClassificationResult {
  /** Number of images that were evaluated. */
  readonly images: number;
  /** The confusion matrix's diagonal over all images. */
  readonly accuracy: number;
  /** Mean sparse categorical cross-entropy from logits, in nats. Not finite when a logit that it needs is not. */
  readonly loss: number;
  /** How many images have their class among the `k` largest logits. */
  readonly topK: {
    /** 5, or fewer where 5 would be every class. */
    readonly k: number;
    /** Fraction of such images, 0 to 1. */
    readonly accuracy: number;
  };
  /** Metrics of each class, in the order of the labels. */
  readonly perClass: readonly ClassMetrics[];
  /**
   * Every class counts the same. As in scikit-learn, a null of a class counts as 0, and classes that are neither in the
   * images nor predicted are left out.
   */
  readonly macroAverage: AverageMetrics;
  /** Every class counts as often as it has images; a null counts as 0. */
  readonly weightedAverage: AverageMetrics;
  /** Rows are the true classes, columns the predicted ones. Its sum is `images - nonFinite`. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** Images with a logit that is NaN or infinite. They count as wrong, and as a prediction of no class. */
  readonly nonFinite: number;
  /** How well the probabilities say how often the model is right; null where they cannot be known from the logits. */
  readonly calibration: Calibration | null;
  /** What is answered, and how much of it is right, for thresholds of the largest probability; empty likewise. */
  readonly thresholds: readonly ThresholdRow[];
}

/** Options of `ClassificationMetrics`. */
export interface ClassificationMetricsOptions {
  /** Temperature that divides the logits before they become probabilities; null where it is not known. Default: 1. */
  readonly temperature?: number | null | undefined;
}

/**
 * Collects logits batch by batch; holds a confusion matrix, never the logits.
 *
 * The first of equal logits is the prediction, as with TensorFlow's `argmax`.
 *
 * @example
 * ```ts
 * const metrics = new ClassificationMetrics(['cat', 'dog']);
 * metrics.add(new Float32Array([2, -1, 0, 3]), [0, 1]);
 * metrics.result().accuracy; // 1
 * ```
 */
export class ClassificationMetrics {
  readonly #confusion: number[][];
  readonly #supports: number[];
  readonly #k: number;
  readonly #temperature: number | null;
  readonly #reliability = new Reliability();
  readonly #selective: SelectiveAccuracy;
  #loss = 0;
  #inTopK = 0;
  #nonFinite = 0;

  constructor(
    private readonly classNames: readonly string[],
    { temperature = 1 }: ClassificationMetricsOptions = {},
  ) {
    this.#temperature = temperature;
    this.#selective = new SelectiveAccuracy(classNames.length);
    this.#confusion = classNames.map(() => classNames.map(() => 0));
    this.#supports = classNames.map(() => 0);
    this.#k = Math.min(5, Math.max(1, classNames.length - 1));
  }

  /**
   * @param logits [n, classes] in C order
   * @param labels [n] positions in the class names
   * @throws SignetError `SPEC_MISMATCH` when the two do not go together; then nothing of the batch is counted.
   */
  add(logits: Float32Array, labels: ArrayLike<number>): void {
    this.#check(logits, labels);
    const classes = this.classNames.length;
    for (const [image, label] of Array.from(labels).entries()) {
      this.#addImage(logits.subarray(image * classes, (image + 1) * classes), label);
    }
  }

  /** Returns the metrics of what was added so far; later batches do not change them. */
  result(): ClassificationResult {
    const images = sum(this.#supports);
    const perClass = this.classNames.map((className, label) => this.#classMetrics(className, label));
    return {
      images,
      accuracy: sum(this.#confusion.map((row, label) => row[label] ?? 0)) / images,
      loss: this.#loss / images,
      topK: { k: this.#k, accuracy: this.#inTopK / images },
      perClass,
      // Only a class that has no images and is never predicted has no F1.
      macroAverage: average(perClass, ({ f1 }) => (f1 === null ? 0 : 1)),
      weightedAverage: average(perClass, ({ support }) => support),
      confusionMatrix: this.#confusion.map((row) => [...row]),
      nonFinite: this.#nonFinite,
      calibration: this.#temperature === null ? null : this.#reliability.result(this.#temperature),
      thresholds: this.#temperature === null ? [] : this.#selective.result(),
    };
  }

  #check(logits: Float32Array, labels: ArrayLike<number>): void {
    const classes = this.classNames.length;
    if (logits.length !== labels.length * classes) {
      throw new SignetError(
        'SPEC_MISMATCH',
        `Argument "logits" accepts ${classes} numbers for each of ${labels.length} labels. Received: ${logits.length}.`,
      );
    }
    const unknown = Array.from(labels).find((label) => !Number.isInteger(label) || label < 0 || label >= classes);
    if (unknown === undefined) return;
    throw new SignetError(
      'SPEC_MISMATCH',
      `Argument "labels" accepts positions in ${classes} class names, from 0. Received: ${unknown}.`,
    );
  }

  #addImage(logits: Float32Array, label: number): void {
    this.#supports[label] = (this.#supports[label] ?? 0) + 1;
    this.#loss += crossEntropy(logits, label);
    if (!logits.every(Number.isFinite)) {
      this.#nonFinite += 1;
      this.#selective.addSilent();
      return;
    }
    const predicted = argMax(logits);
    const confidence = probabilityOf(logits, predicted, this.#temperature ?? NaN);
    this.#reliability.add(confidence, predicted === label);
    this.#selective.add(confidence, predicted, predicted === label);
    const row = this.#confusion[label];
    if (row) row[predicted] = (row[predicted] ?? 0) + 1;
    const own = logits[label] ?? NaN;
    const before = logits.filter((logit, i) => logit > own || (logit === own && i < label)).length;
    if (before < this.#k) this.#inTopK += 1;
  }

  #classMetrics(className: string, label: number): ClassMetrics {
    const found = this.#confusion[label]?.[label] ?? 0;
    const support = this.#supports[label] ?? 0;
    const predicted = sum(this.#confusion.map((row) => row[label] ?? 0));
    const precision = predicted === 0 ? null : found / predicted;
    const recall = support === 0 ? null : found / support;
    const f1 = support + predicted === 0 ? null : (2 * found) / (support + predicted);
    return { className, precision, recall, f1, support };
  }
}

function average(perClass: readonly ClassMetrics[], weight: (metrics: ClassMetrics) => number): AverageMetrics {
  const total = sum(perClass.map(weight));
  const mean = (key: keyof AverageMetrics): number | null =>
    total === 0 ? null : sum(perClass.map((metrics) => (metrics[key] ?? 0) * weight(metrics))) / total;
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}

/**
 * `log(sum(exp(logits))) - logits[label]`, in nats, with the largest logit taken out so that nothing overflows.
 *
 * @param temperature Divides the logits first. Default: 1.
 */
export function crossEntropy(given: Float32Array, label: number, temperature = 1): number {
  const logits = temperature === 1 ? given : given.map((logit) => logit / temperature);
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = logits.reduce((rest, logit) => rest + Math.exp(logit - largest), 0);
  // The small difference of two large logits first: adding a large one to the logarithm would round it away.
  return Math.log(total) + (largest - (logits[label] ?? NaN));
}

/**
 * The softmax of logits for one class.
 *
 * @param temperature Divides the logits. Default: 1.
 */
export function probabilityOf(logits: Float32Array, label: number, temperature = 1): number {
  return Math.exp(-crossEntropy(logits, label, temperature));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** A class that was taken for another. */
export interface ConfusedPair {
  /** Positions in the class names. */
  readonly truth: number;
  readonly predicted: number;
  readonly images: number;
}

/** Lists which classes were taken for which others, the most frequent first; equally frequent ones are in the order of the classes. */
export function confusedPairs({ confusionMatrix }: Pick<ClassificationResult, 'confusionMatrix'>): ConfusedPair[] {
  const pairs: ConfusedPair[] = [];
  for (const [truth, row] of confusionMatrix.entries()) {
    for (const [predicted, images] of row.entries()) {
      if (truth !== predicted && images > 0) pairs.push({ truth, predicted, images });
    }
  }
  return pairs.sort((a, b) => b.images - a.images);
}
