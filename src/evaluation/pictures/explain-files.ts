import type { CallableModel } from '../../client/classify-images.js';
import {
  canExplainImages,
  explainImages,
  type Heatmap,
  type ImageExplanation,
  readExplanations,
} from '../../client/explain-images.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { stringVector } from '../../ops/strings.js';
import { readSignatures } from '../../saved-model/read/read-saved-model.js';
import { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import * as tf from '../../tensorflow/tf.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { readEachImage } from '../read-each-image.js';

/** Finds the part of each encoded image that speaks for its class; `classIndices` has the class of each. */
export type ExplainFiles = (
  files: readonly Uint8Array[],
  classIndices: readonly number[],
) => Promise<readonly ImageExplanation[]>;

/** Makes the function that finds heat maps for a report of a model in memory. @returns Null for a network without heat maps. */
export function explainerOf({ explainImage }: ImageClassifierModel): ExplainFiles | null {
  if (!explainImage) return null;
  return async (files, classIndices) => {
    // Computing blocks: the event loop gets a turn, for Ctrl-C.
    await new Promise(setImmediate);
    const named = tf.tidy(() => explainImage(stringVector([...files]), tf.tensor1d([...classIndices], 'int32')));
    const answer = Object.entries<tf.Tensor>(named).map(([name, tensor]) => [name, valueOf(tensor)] as const);
    tf.dispose(named);
    return readExplanations(Object.fromEntries(answer), files.length) ?? [];
  };
}

/** Runs `use` with the function that finds heat maps by a SavedModel's `serving_heatmap`; null for a model without it. */
export async function withSavedExplainer<T>(
  directory: string,
  use: (explain: ExplainFiles | null) => Promise<T>,
): Promise<T> {
  if (!canExplainImages(await readSignatures(directory))) return use(null);
  const loaded = await LoadedSavedModel.load(directory);
  const call: CallableModel['call'] = (key, inputs) => Promise.resolve(loaded.callValues(key, inputs));
  const model = { name: directory, signatures: loaded.signatures, call };
  try {
    return await use((files, classIndices) => explainImages(model, files, classIndices));
  } finally {
    loaded.dispose();
  }
}

function valueOf(tensor: tf.Tensor): TensorValue {
  const { shape } = tensor;
  if (tensor.dtype !== 'string') return { dtype: tensor.dtype, shape, values: tensor.dataSync<'float32'>() };
  const texts = tensor.dataSync<'string'>();
  return { dtype: 'string', shape, values: Array.from(texts, (text) => Buffer.from(text)) };
}

/** Images that are explained at once. */
const batchSize = 8;

/** Finds the heat maps of image files; those without a class, and files that do not decode any more, have none. */
export async function explainFiles<Requested extends { readonly image: ImageFile; readonly label: number | null }>(
  requested: readonly Requested[],
  explain: ExplainFiles,
): Promise<Map<Requested, Heatmap>> {
  const asked = requested.filter(({ label }) => label !== null);
  const heatmaps = new Map<Requested, Heatmap>();
  for (let i = 0; i < asked.length; i += batchSize) {
    const batch = asked.slice(i, i + batchSize);
    const contents = new Map<ImageFile, Uint8Array>();
    await readEachImage(batch.map(({ image }) => image), (content, file) => contents.set(file, content)); // prettier-ignore
    const read = batch.filter(({ image }) => contents.has(image));
    const files = read.flatMap(({ image }) => contents.get(image) ?? []);
    const found = files.length === 0 ? [] : await explain(files, read.map(({ label }) => label ?? -1)); // prettier-ignore
    read.forEach((each, k) => found[k] && heatmaps.set(each, found[k].heatmap));
  }
  return heatmaps;
}
