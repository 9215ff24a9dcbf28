/** An image that a classifier answered correctly and with confidence. */
export interface BestImage<Image> {
  /** The image, as its dataset knows it. */
  readonly image: Image;
  /** Position of the class in the class names. */
  readonly label: number;
  /** Probability of the class. */
  readonly probability: number;
}

/** Images that a report shows at most, and of one class. */
const mostImages = 48;
const mostOfClass = 3;

/**
 * Keeps the images of each class that a classifier is surest of: up to three of each, fewer where there are many classes, and none of the classes
 * after the first 48.
 *
 * @typeParam Image What an image is known by.
 */
export class BestImages<Image> {
  readonly #kept: BestImage<Image>[][];

  constructor(classes: number) {
    this.#kept = Array.from({ length: Math.min(classes, mostImages) }, () => []);
  }

  /** @param probability Probability of a class that the image has and that was predicted. */
  add(image: Image, label: number, probability: number): void {
    const kept = this.#kept[label];
    if (!kept) return;
    const place = kept.findIndex((other) => other.probability < probability);
    kept.splice(place === -1 ? kept.length : place, 0, { image, label, probability });
    kept.length = Math.min(kept.length, this.#mostOfClass);
  }

  /** Class by class, the surest first. */
  get images(): readonly BestImage<Image>[] {
    return this.#kept.flat();
  }

  get #mostOfClass(): number {
    return Math.min(mostOfClass, Math.floor(mostImages / this.#kept.length));
  }
}
