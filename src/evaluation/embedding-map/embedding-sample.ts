import type { ImageFile } from '../../data/image-file/inspect-image-file.js';

/** An evaluated image, and what the model said of it. */
export interface AnsweredImage<Image = ImageFile> {
  /** The image, as its dataset knows it. */
  readonly image: Image;
  /** Positions of its classes in the class names, rising: one, or of a multi-label dataset any number. */
  readonly labels: readonly number[];
  /** Classes that it was taken for, likewise; none where a logit is NaN or infinite. */
  readonly predicted: readonly number[];
}

/** Embeddings of some of the evaluated images. */
export interface EvaluatedEmbeddings<Image = ImageFile> {
  /** The n images, in the order of their dataset. */
  readonly images: readonly AnsweredImage<Image>[];
  /** Embeddings, [n, features] in C order. All numbers are finite. */
  readonly vectors: Float32Array;
  /** Number of images that were evaluated, of which these were chosen evenly. */
  readonly evaluated: number;
}

/** Images on a map at most: their thumbnails make a page of two to three MB. */
const mostImages = 1000;
/** Numbers in all embeddings at most: 64 MB. A network that ends in a dense layer over all its pixels has embeddings of many thousand numbers. */
const mostNumbers = 2 ** 24;

/** Returns how many embeddings of a size are kept at most. */
export function mostEmbeddings(features: number): number {
  return Math.min(mostImages, Math.floor(mostNumbers / features));
}

/** Checks whether an item is among the chosen ones: `most` of `total`, evenly. */
export function isChosen(position: number, total: number, most: number): boolean {
  const before = (items: number) => Math.floor((items * most) / total);
  return most >= total || before(position + 1) > before(position);
}

/** Checks whether the model took an image for other classes than it has. */
export function isMistaken({ labels, predicted }: Pick<AnsweredImage, 'labels' | 'predicted'>): boolean {
  return labels.length !== predicted.length || labels.some((label, i) => predicted[i] !== label);
}

/** An evaluated image with its embedding, [features]. */
export interface EmbeddedImage<Image = ImageFile> {
  readonly answered: AnsweredImage<Image>;
  readonly vector: Float32Array;
}

/** Puts embeddings of one size into one array. @param evaluated Number of images that they were chosen from. */
export function packEmbeddings(embedded: readonly EmbeddedImage[], evaluated: number): EvaluatedEmbeddings {
  const size = embedded[0]?.vector.length ?? 0;
  const vectors = new Float32Array(embedded.length * size);
  embedded.forEach(({ vector }, i) => vectors.set(vector, i * size));
  return { images: embedded.map(({ answered }) => answered), vectors, evaluated };
}

/**
 * Keeps the embeddings of up to 1,000 images of an evaluation, chosen evenly.
 *
 * @typeParam Image What an image is known by.
 */
export class EmbeddingSample<Image> {
  readonly #most: number;
  readonly #kept: EmbeddedImage<Image>[] = [];
  #seen = 0;

  /**
   * @param total Number of images that will be added.
   * @param features Size of an embedding; null for a network without.
   */
  constructor(
    private readonly total: number,
    private readonly features: number | null,
  ) {
    this.#most = features === null ? 0 : mostEmbeddings(features);
  }

  /** @param vectors Embeddings of a batch, [n, features]; the row of the image is copied. */
  add(answered: AnsweredImage<Image>, vectors: Float32Array, row: number): void {
    const isWanted = isChosen(this.#seen, this.total, this.#most);
    this.#seen += 1;
    if (!isWanted || this.features === null) return;
    const vector = vectors.slice(row * this.features, (row + 1) * this.features);
    if (vector.every(Number.isFinite)) this.#kept.push({ answered, vector });
  }

  /**
   * Returns what was kept.
   *
   * @param fileOf Finds an image's file; an image without one is left out.
   * @returns Null for a network without embeddings, or with some that are too large to keep.
   */
  embeddings(fileOf: (image: Image) => ImageFile | undefined): EvaluatedEmbeddings | null {
    if (this.#most === 0) return null;
    const kept = this.#kept.flatMap(({ answered, vector }) => {
      const image = fileOf(answered.image);
      return image ? [{ answered: { ...answered, image }, vector }] : [];
    });
    return packEmbeddings(kept, this.#seen);
  }
}
