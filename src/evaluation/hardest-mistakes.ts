import type { BestImages } from './best-images.js';
import { argMax } from './agreement.js';
import { crossEntropy, probabilityOf } from './classification-metrics.js';

/** An image that a classifier took for another class. */
export interface Mistake<Image> {
  /** The image, as its dataset knows it. */
  readonly image: Image;
  /** Position of its class in the class names. */
  readonly truth: number;
  /** Label that was predicted; null where a logit is NaN or infinite, which predicts no class. */
  readonly predicted: {
    /** Position of the class in the logits. */
    readonly label: number;
    /** Probability of the class, 0 to 1. */
    readonly probability: number;
  } | null;
  /** The probability of its class; null in the same case. */
  readonly probability: number | null;
  /** Cross-entropy from logits, in nats; infinite in the same case. */
  readonly loss: number;
}

/**
 * Keeps the mistakes with the highest loss, and no more of them than will be shown.
 *
 * @typeParam Image What an image is known by.
 */
export class HardestMistakes<Image> {
  readonly #mistakes: Mistake<Image>[] = [];

  /**
   * @param most How many are kept. Default: 24.
   * @param temperature Divides the logits before they become probabilities. Default: 1.
   * @param best Gets the images that were not mistaken. Default: nobody does.
   */
  constructor(
    private readonly most = 24,
    private readonly temperature = 1,
    private readonly best: BestImages<Image> | null = null,
  ) {}

  /**
   * @param logits Of one image, [classes].
   * @param truth Position of its class.
   */
  add(image: Image, logits: Float32Array, truth: number): void {
    const isFinite = logits.every(Number.isFinite);
    const predicted = argMax(logits);
    if (isFinite && predicted === truth)
      return this.best?.add(image, truth, probabilityOf(logits, truth, this.temperature));
    const loss = isFinite ? crossEntropy(logits, truth) : Infinity;
    const probability = (label: number) => probabilityOf(logits, label, this.temperature);
    keepHardest(this.#mistakes, this.most, {
      image,
      truth,
      loss,
      predicted: isFinite ? { label: predicted, probability: probability(predicted) } : null,
      probability: isFinite ? probability(truth) : null,
    });
  }

  /** The hardest first. */
  get mistakes(): readonly Mistake<Image>[] {
    return [...this.#mistakes];
  }
}

/** Adds a mistake to those with the highest loss, the hardest first, behind those of the same loss; what is too many falls out. */
export function keepHardest<M extends { readonly loss: number }>(mistakes: M[], most: number, mistake: M): void {
  const place = mistakes.findIndex(({ loss }) => loss < mistake.loss);
  mistakes.splice(place === -1 ? mistakes.length : place, 0, mistake);
  mistakes.length = Math.min(mistakes.length, most);
}
