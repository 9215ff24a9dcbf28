import type { ImageClassifierModel } from './image-classifier-model.js';
import { downloadWeights, type DownloadWeightsOptions } from './keras/download-weights.js';
import { type LoadedWeights, loadKerasWeights } from './keras/load-keras-weights.js';
import { type WantedWeights, publishedWeights } from './keras/published-weights.js';

/** Options of a model's `pretrained`. */
export interface PretrainedOptions extends DownloadWeightsOptions {
  /** `imagenet`, a weight file of Keras or PyTorch, or the directory of a SavedModel. Default: `imagenet`. */
  readonly weights?: string | undefined;
}

/**
 * Gives a model trained weights: published ones, from the user's cache or downloaded into it, or those of a file.
 *
 * @throws SignetError of `downloadWeights` and `loadKerasWeights`; then nothing has been loaded.
 */
export async function loadPretrained(
  model: ImageClassifierModel,
  { weights = 'imagenet', ...download }: PretrainedOptions = {},
): Promise<LoadedWeights> {
  const isName = weights === 'imagenet';
  const file = isName ? await downloadWeights(publishedWeights(wantedFor(model, weights)), download) : weights;
  return loadKerasWeights(model, file);
}

/** Which published weights fit a model. */
export function wantedFor({ description, imageSize }: ImageClassifierModel, name: string): WantedWeights {
  const { modelType, options } = description;
  return {
    modelType,
    name,
    imageSize,
    alpha: typeof options.alpha === 'number' ? options.alpha : undefined,
    variant: typeof options.variant === 'string' ? options.variant : undefined,
    includeTop: options.includeTop === true,
  };
}
