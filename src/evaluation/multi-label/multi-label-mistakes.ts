import type { BestImages } from '../best-images.js';
import { keepHardest } from '../hardest-mistakes.js';
import { probabilityOf, reachesThreshold } from './best-threshold.js';
import { binaryLoss } from './multi-label-metrics.js';

/** A class about which a classifier was wrong. */
export interface WrongLabel {
  /** Position in the class names. */
  readonly label: number;
  readonly probability: number;
}

/** An image for which a multi-label classifier mistook a class for another, missed one, or saw one too many. */
export interface MultiLabelMistake<Image> {
  /** The image, as its dataset knows it. */
  readonly image: Image;
  /** Classes that it has and that were not found, in their order. */
  readonly missed: readonly WrongLabel[];
  /** Classes that it has not and that were found. */
  readonly unexpected: readonly WrongLabel[];
  /** Whether all logits are numbers; otherwise nothing is predicted. */
  readonly isFinite: boolean;
  /** Binary cross-entropy from logits, in nats; infinite where a logit is not finite. */
  readonly loss: number;
}

/**
 * Keeps the images with mistakes and the highest loss, and no more of them than will be shown.
 *
 * @typeParam Image What an image is known by.
 */
export class MultiLabelMistakes<Image> {
  readonly #mistakes: MultiLabelMistake<Image>[] = [];

  /**
   * @param thresholds Lowest probability at which an image has a class, per class.
   * @param most How many are kept. Default: 24.
   * @param best Gets the images of each class that was found. Default: nobody does.
   */
  constructor(
    private readonly thresholds: ArrayLike<number>,
    private readonly most = 24,
    private readonly best: BestImages<Image> | null = null,
  ) {}

  /**
   * @param logits Of one image, [classes].
   * @param truth 1 for each class that it has, otherwise 0.
   */
  add(image: Image, logits: Float32Array, truth: ArrayLike<number>): void {
    const isFinite = logits.every(Number.isFinite);
    const wrong = Array.from(logits, (logit, label) => ({ label, probability: probabilityOf(logit) })).filter(
      ({ label }) => (isFinite && reachesThreshold(logits[label], this.thresholds[label])) !== (truth[label] === 1),
    );
    if (isFinite) this.#addBest(image, logits, truth);
    if (isFinite && wrong.length === 0) return;
    keepHardest(this.#mistakes, this.most, {
      image,
      missed: wrong.filter(({ label }) => truth[label] === 1),
      unexpected: wrong.filter(({ label }) => truth[label] !== 1),
      isFinite,
      loss: isFinite ? binaryLoss(logits, truth) : Infinity,
    });
  }

  #addBest(image: Image, logits: Float32Array, truth: ArrayLike<number>): void {
    for (const [label, logit] of logits.entries()) {
      const isFound = truth[label] === 1 && reachesThreshold(logit, this.thresholds[label]);
      if (isFound) this.best?.add(image, label, probabilityOf(logit));
    }
  }

  /** The hardest first. */
  get mistakes(): readonly MultiLabelMistake<Image>[] {
    return [...this.#mistakes];
  }
}
