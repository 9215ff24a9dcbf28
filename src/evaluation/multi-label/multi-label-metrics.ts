import { SignetError } from '../../errors.js';
import type { AverageMetrics, ClassMetrics } from '../classification-metrics.js';
import { averagePrecision } from './average-precision.js';
import { bestThreshold, defaultThreshold, reachesThreshold } from './best-threshold.js';
import { type RankedScores, rankScores } from './ranked-scores.js';

/** How well one class of a multi-label classifier is found. */
export interface MultiLabelClassMetrics extends ClassMetrics {
  /** Average precision over all thresholds, as scikit-learn computes it; null where no image has the class. */
  readonly averagePrecision: number | null;
  /** Lowest probability at which an image is considered to have the class. */
  readonly threshold: number;
}

/** Metrics of a multi-label classifier. Without images the ratios and the loss are NaN. */
export interface MultiLabelResult {
  /** Number of images that were evaluated. */
  readonly images: number;
  /** Mean of the average precisions of the classes that some image has; null where there is none. */
  readonly meanAveragePrecision: number | null;
  /** Mean binary cross-entropy from logits, in nats. Not finite when a logit is not. */
  readonly loss: number;
  /** Part of all answers, one for each image and class, that are right. */
  readonly accuracy: number;
  /** Share of the images with every class right. */
  readonly exactMatches: number;
  /** Metrics of each class, in the order of the labels. */
  readonly perClass: readonly MultiLabelClassMetrics[];
  /** Every class counts the same; a null counts as 0, and classes that no image has and that are never predicted are left out. */
  readonly macroAverage: AverageMetrics;
  /** Every answer counts the same. */
  readonly microAverage: AverageMetrics;
  /** Images with a logit that is NaN or infinite. They count as having no class. */
  readonly nonFinite: number;
}

/** Checks which kind of classifier an evaluation is of. */
export function isMultiLabelResult(result: object): result is MultiLabelResult {
  return 'meanAveragePrecision' in result;
}

/** Counts of a class over the images. */
interface Counts {
  right: number;
  predicted: number;
  present: number;
}

/**
 * Collects logits batch by batch, and holds them: five bytes for each image and class, since an average precision ranks all images.
 *
 * @example
 * ```ts
 * const metrics = new MultiLabelMetrics(['cat', 'dog']);
 * metrics.add(new Float32Array([2, -1, 0.5, 3]), [1, 0, 1, 1]);
 * metrics.result().meanAveragePrecision; // 1
 * ```
 */
export class MultiLabelMetrics {
  readonly #logits: Float32Array[] = [];
  readonly #truth: Uint8Array[] = [];
  readonly #counts: readonly Counts[];
  readonly #thresholds: readonly number[];
  #images = 0;
  #loss = 0;
  #rightAnswers = 0;
  #exact = 0;
  #nonFinite = 0;

  /** @param thresholds Lowest probability at which an image has a class, per class. Default: 1/2. */
  constructor(
    private readonly classNames: readonly string[],
    thresholds: ArrayLike<number> = classNames.map(() => defaultThreshold),
  ) {
    this.#thresholds = Array.from(thresholds, Math.fround);
    this.#counts = classNames.map(() => ({ right: 0, predicted: 0, present: 0 }));
  }

  /**
   * @param logits [n, classes] in C order
   * @param truth [n, classes] likewise: 1 for each class that an image has, otherwise 0
   * @throws SignetError `SPEC_MISMATCH` when the two do not go together; then nothing of the batch is counted.
   */
  add(logits: Float32Array, truth: ArrayLike<number>): void {
    const classes = this.classNames.length;
    if (logits.length !== truth.length || logits.length % classes !== 0) {
      throw new SignetError(
        'SPEC_MISMATCH',
        `Argument "logits" accepts ${classes} numbers for each image, as many as "truth". Received: ${logits.length}, and ${truth.length} in "truth".`,
      );
    }
    const present = Uint8Array.from(truth, Number);
    this.#logits.push(logits.slice());
    this.#truth.push(present);
    for (let i = 0; i < logits.length; i += classes)
      this.#addImage(logits.subarray(i, i + classes), present.subarray(i, i + classes));
  }

  /** Returns the metrics of what was added so far; later batches do not change them. */
  result(): MultiLabelResult {
    const perClass = this.classNames.map((className, label) => this.#classMetrics(className, label));
    const precisions = perClass.flatMap((metrics) => metrics.averagePrecision ?? []);
    const total = this.#counts.reduce(
      (sum, { right, predicted, present }) => ({
        right: sum.right + right,
        predicted: sum.predicted + predicted,
        present: sum.present + present,
      }),
      { right: 0, predicted: 0, present: 0 },
    );
    return {
      images: this.#images,
      meanAveragePrecision: mean(precisions),
      loss: this.#loss / this.#images,
      accuracy: this.#rightAnswers / (this.#images * this.classNames.length),
      exactMatches: this.#exact / this.#images,
      perClass,
      macroAverage: macroAverage(perClass),
      microAverage: ratiosOf(total),
      nonFinite: this.#nonFinite,
    };
  }

  /** Finds for each class the threshold with the highest F1 on what was added so far; see `bestThreshold`. */
  bestThresholds(): number[] {
    return this.classNames.map((_, label) => bestThreshold(this.#ranked(label)));
  }

  #addImage(logits: Float32Array, truth: Uint8Array): void {
    const isFinite = logits.every(Number.isFinite);
    let right = 0;
    for (const [label, counts] of this.#counts.entries()) {
      const isPresent = truth[label] === 1;
      const isPredicted = isFinite && reachesThreshold(logits[label], this.#thresholds[label]);
      counts.present += Number(isPresent);
      counts.predicted += Number(isPredicted);
      counts.right += Number(isPresent && isPredicted);
      right += Number(isFinite && isPresent === isPredicted);
    }
    this.#images += 1;
    this.#loss += binaryLoss(logits, truth);
    this.#rightAnswers += right;
    this.#exact += Number(right === truth.length);
    this.#nonFinite += Number(!isFinite);
  }

  #classMetrics(className: string, label: number): MultiLabelClassMetrics {
    const counts = this.#counts[label] ?? { right: 0, predicted: 0, present: 0 };
    return {
      className,
      ...ratiosOf(counts),
      support: counts.present,
      averagePrecision: averagePrecision(this.#ranked(label)),
      threshold: this.#thresholds[label] ?? defaultThreshold,
    };
  }

  #ranked(label: number): RankedScores {
    const classes = this.classNames.length;
    const scores = new Float32Array(this.#images);
    const present = new Uint8Array(this.#images);
    let image = 0;
    for (const [i, logits] of this.#logits.entries()) {
      for (let at = label; at < logits.length; at += classes) {
        scores[image] = logits[at] ?? NaN;
        present[image] = this.#truth[i]?.[at] ?? 0;
        image += 1;
      }
    }
    return rankScores(scores, (each) => present[each] === 1);
  }
}

/** Computes the mean over the classes of the binary cross-entropy of an image, in nats. */
export function binaryLoss(logits: Float32Array, truth: ArrayLike<number>): number {
  const sum = logits.reduce((total, logit, i) => total + softplus(truth[i] === 1 ? -logit : logit), 0);
  return sum / logits.length;
}

/** `log(1 + exp(x))`, which does not overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function ratiosOf({ right, predicted, present }: Counts): AverageMetrics {
  return {
    precision: predicted === 0 ? null : right / predicted,
    recall: present === 0 ? null : right / present,
    f1: present + predicted === 0 ? null : (2 * right) / (present + predicted),
  };
}

function macroAverage(perClass: readonly MultiLabelClassMetrics[]): AverageMetrics {
  // Only a class that no image has and that is never predicted has no F1.
  const counted = perClass.filter(({ f1 }) => f1 !== null);
  const of = (key: keyof AverageMetrics) => mean(counted.map((metrics) => metrics[key] ?? 0));
  return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}
