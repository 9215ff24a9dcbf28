import { existsSync } from 'node:fs';
import path from 'node:path';

import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { loadKerasWeights, otherHeads } from '../../models/keras/load-keras-weights.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { downloadNamedWeights, namedWeights } from '../shared/download-named-weights.js';

/**
 * Gives a model the weights that `--pretrained-weights` means: those of a file or of a SavedModel, or published ones by name, from the
 * cache or downloaded into it. Tells on standard error what it does.
 *
 * The head of a SavedModel whose classes are others is left out.
 *
 * @throws SignetError `INVALID_WEIGHTS`, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`, `OFFLINE`, `DOWNLOAD_FAILED`, `CANNOT_WRITE`.
 */
export async function startFromWeights(model: ImageClassifierModel, pathOrName: string): Promise<void> {
  const from = namedWeights.includes(pathOrName) ? await downloaded(model, pathOrName) : pathOrName;
  const ignore = [...otherHeads(model), ...((await hasOtherClasses(model, from)) ? ['logits'] : [])];
  const { loaded, kept } = await loadKerasWeights(model, from, { ignore });
  const anew = kept.length === 0 ? '' : `; ${kept.join(', ')} starts anew`;
  process.stderr.write(`${from}: weights of ${loaded.length} layers${anew}\n`);
}

async function hasOtherClasses({ classNames }: ImageClassifierModel, directory: string): Promise<boolean> {
  if (!existsSync(path.join(directory, 'assets', 'class_names.txt'))) return false;
  const others = await readClassNames(directory);
  return others.length !== classNames.length || others.some((name, i) => name !== classNames[i]);
}

async function downloaded(model: ImageClassifierModel, name: string): Promise<string> {
  const { modelType, options } = model.description;
  const alpha = typeof options.alpha === 'number' ? { alpha: options.alpha } : {};
  return downloadNamedWeights({ modelType, name, imageSize: model.imageSize, ...alpha });
}
