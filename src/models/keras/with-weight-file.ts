import { existsSync, statSync } from 'node:fs';

import { SignetError } from '../../errors.js';
import { openTorchWeightFile } from '../torch/torch-weight-file.js';
import type { KerasWeightFile } from './keras-layer.js';
import { openKerasWeightFile } from './keras-weight-file.js';
import { openSavedModelWeights } from './saved-model-weights.js';
import { withUnpackedWeights } from './unpack-keras-archive.js';

/**
 * Opens the weights of a file of Keras, `.weights.h5`, `.keras` or legacy `.h5`, of a state dict of PyTorch, `.pth`, or of a
 * SavedModel's directory, and closes them when they have been used.
 *
 * @throws SignetError `INVALID_WEIGHTS` when the file does not exist, is not a weight file of Keras, or is damaged; `INVALID_SAVED_MODEL`.
 */
export async function withWeightFile<T>(file: string, use: (weights: KerasWeightFile) => T | Promise<T>): Promise<T> {
  if (!existsSync(file)) throw new SignetError('INVALID_WEIGHTS', `The weight file ${file} does not exist.`);
  const useAndClose = async (weights: KerasWeightFile) => {
    try {
      return await use(weights);
    } finally {
      weights.close();
    }
  };
  if (statSync(file).isDirectory()) return useAndClose(await openSavedModelWeights(file));
  if (file.endsWith('.pth')) return useAndClose(await openTorchWeightFile(file));
  const fromHdf5 = async (path: string) => useAndClose(await openKerasWeightFile(path));
  return file.endsWith('.keras') ? withUnpackedWeights(file, fromHdf5) : fromHdf5(file);
}
