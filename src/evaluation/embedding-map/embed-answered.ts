import { readSignatures } from '../../saved-model/read/read-saved-model.js';
import { embedImages, type ImageEmbedder, savedModelEmbedder } from '../data-check/embed-images.js';
import { type AnsweredImage, type EvaluatedEmbeddings, isChosen, mostEmbeddings } from './embedding-sample.js';

/** Options of `embedAnswered`. */
export interface EmbedAnsweredOptions {
  /** Called with the number of images done, and how many there are. Default: nobody is told. */
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
  options: EmbedAnsweredOptions = {},
): Promise<EvaluatedEmbeddings | null> {
  if (!(await readSignatures(modelPath)).serving_embedding) return null;
  const embedder = await savedModelEmbedder(modelPath);
  try {
    return await embedChosen(embedder, answered, options);
  } finally {
    embedder.dispose();
  }
}

async function embedChosen(
  embedder: ImageEmbedder,
  answered: readonly AnsweredImage[],
  { onProgress }: EmbedAnsweredOptions,
): Promise<EvaluatedEmbeddings | null> {
  const evaluated = answered.length;
  // The first one shows how large they are.
  const { features } = await embedImages(embedder, answered.slice(0, 1).map(({ image }) => image)); // prettier-ignore
  const most = features.size === 0 ? 0 : mostEmbeddings(features.size);
  if (evaluated > 0 && most === 0) return null;
  const chosen = answered.filter((_, i) => isChosen(i, evaluated, most));
  const found = await embedImages(embedder, chosen.map(({ image }) => image), { onProgress: (done) => onProgress?.(done, chosen.length) }); // prettier-ignore
  return { ...withoutUnknown(chosen, found.features.values), evaluated };
}

/** Leaves out images whose embedding is not finite, or, having failed, is 0 all over. */
function withoutUnknown(
  images: readonly AnsweredImage[],
  values: Float32Array,
): Pick<EvaluatedEmbeddings, 'images' | 'vectors'> {
  const size = images.length === 0 ? 0 : values.length / images.length;
  const rows = images.map((image, i) => ({ image, row: values.subarray(i * size, (i + 1) * size) }));
  const kept = rows.filter(({ row }) => row.every(Number.isFinite) && row.some((value) => value !== 0));
  const vectors = new Float32Array(kept.length * size);
  kept.forEach(({ row }, i) => vectors.set(row, i * size));
  return { images: kept.map(({ image }) => image), vectors };
}
