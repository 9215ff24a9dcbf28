import { readSignatures } from '../../saved-model/read/read-saved-model.js';
import { embedImages, savedModelEmbedder } from '../data-check/embed-images.js';
import {
  type AnsweredImage,
  type EvaluatedEmbeddings,
  isChosen,
  mostEmbeddings,
  packEmbeddings,
} from './embedding-sample.js';

/** Options of `embedAnswered`. */
export interface EmbedAnsweredOptions {
  /** Called with the number of images done, and how many there are. Default: progress is not reported. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Computes the embeddings of up to 1,000 evaluated images, chosen evenly, by a SavedModel's `serving_embedding`.
 *
 * @returns Null for a model without that signature, or with embeddings that are too large to keep.
 */
export async function embedAnswered(
  modelPath: string,
  answered: readonly AnsweredImage[],
  { onProgress }: EmbedAnsweredOptions = {},
): Promise<EvaluatedEmbeddings | null> {
  const most = mostEmbeddings((await featuresOf(modelPath)) ?? Infinity);
  if (most === 0) return null;
  const chosen = answered.filter((_, i) => isChosen(i, answered.length, most));
  const files = chosen.map(({ image }) => image);
  const embedder = await savedModelEmbedder(modelPath);
  try {
    const { features } = await embedImages(embedder, files, { onProgress: (done) => onProgress?.(done, files.length) });
    const { values, size } = features;
    const embedded = chosen.map((each, i) => ({ answered: each, vector: values.subarray(i * size, (i + 1) * size) }));
    return packEmbeddings(embedded.filter(({ vector }) => isKnown(vector)), answered.length); // prettier-ignore
  } finally {
    embedder.dispose();
  }
}

/** Size of the embeddings that a model gives; null for one without the signature, or whose signature does not say it. */
async function featuresOf(modelPath: string): Promise<number | null> {
  const { serving_embedding: signature } = await readSignatures(modelPath);
  const [output] = Object.values(signature?.outputs ?? {});
  const size = output?.spec.sizes?.at(-1) ?? -1;
  return size > 0 ? size : null;
}

/** Whether an embedding is finite, and not 0 all over as that of an image that does not decode. */
function isKnown(vector: Float32Array): boolean {
  return vector.every(Number.isFinite) && vector.some((value) => value !== 0);
}
