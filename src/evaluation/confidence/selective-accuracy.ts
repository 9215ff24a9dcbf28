/** How many images are answered, and how many of the answers are right. */
export interface Answered {
  /** Share of the images that are answered; null if there are no images. */
  readonly answered: number | null;
  /** Part of the answers that are right; null without answers. */
  readonly accuracy: number | null;
}

/** What a classifier answers if it keeps silent below a confidence. */
export interface ThresholdRow extends Answered {
  /** The smallest confidence that is answered. */
  readonly threshold: number;
  /** The same for the images that are taken for each class, in the order of the classes: at work only that class is known. */
  readonly perClass: readonly Answered[];
}

/** Thresholds of the table. */
const thresholds = [0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] as const;

/**
 * Counts answers and right answers by threshold, for all images and for each predicted class.
 *
 * Source: "coverage" and "selective accuracy" of Geifman and El-Yaniv, https://arxiv.org/abs/1705.08500.
 */
export class SelectiveAccuracy {
  readonly #counts: readonly Counts[];
  /** Images that are not taken for any class. */
  #without = 0;

  /** @param classes Number of classes. */
  constructor(private readonly classes: number) {
    this.#counts = thresholds.map(() => ({ answered: new Float64Array(classes), right: new Float64Array(classes) }));
  }

  /** @param predicted Position of the class with the largest probability, which is the confidence. */
  add(confidence: number, predicted: number, isRight: boolean): void {
    for (const [i, { answered, right }] of this.#counts.entries()) {
      if (confidence < (thresholds[i] ?? Infinity)) break;
      answered[predicted] = (answered[predicted] ?? 0) + 1;
      right[predicted] = (right[predicted] ?? 0) + Number(isRight);
    }
  }

  /** Counts an image without an answer at any threshold. */
  addSilent(): void {
    this.#without += 1;
  }

  result(): ThresholdRow[] {
    // At the first threshold, 0, every image is answered.
    const taken = this.#counts[0]?.answered ?? new Float64Array();
    const images = sum(taken) + this.#without;
    return this.#counts.map(({ answered, right }, i) => ({
      threshold: thresholds[i] ?? NaN,
      ...shares(sum(answered), sum(right), images),
      perClass: Array.from({ length: this.classes }, (_, label) =>
        shares(answered[label] ?? 0, right[label] ?? 0, taken[label] ?? 0),
      ),
    }));
  }
}

interface Counts {
  readonly answered: Float64Array;
  readonly right: Float64Array;
}

function shares(answered: number, right: number, images: number): Answered {
  return { answered: images === 0 ? null : answered / images, accuracy: answered === 0 ? null : right / answered };
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
