import { statSync } from 'node:fs';

import { ImageDecoder } from '../../../src/data/dataset/image-decoder.js';
import { inspectImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import { tryToReadImageFile } from '../../../src/data/image-file/try-to-read-image-file.js';
import { SignetError } from '../../../src/errors.js';
import { loadKerasWeights } from '../../../src/models/keras/load-keras-weights.js';
import { openTorchWeightFile } from '../../../src/models/torch/torch-weight-file.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { describeSavedModel } from '../../../src/saved-model/describe/describe-saved-model.js';
import { fileOpsOf } from '../../../src/saved-model/read/file-ops.js';
import { readVariables } from '../../../src/saved-model/read/read-variables.js';

/** Reads a weight file, SavedModel or image as Signet does. Returns the outcome: `read`, or the code of a SignetError. */
export type ReadMutant = (file: string) => Promise<string>;

/** Makes the reader of mutated files. @throws Anything that is not a SignetError. */
export async function mutantReader(): Promise<ReadMutant> {
  const model = new LenetModel({ classNames: Array.from('0123456789'), seed: 9 });
  const decoder = await ImageDecoder.create([28, 28], {});
  return async (file) => {
    try {
      if (file.endsWith('.pth')) await readTorchFile(file);
      else if (/\.(h5|keras)$/.test(file)) await loadKerasWeights(model, file);
      else if (statSync(file).isDirectory()) await readSavedModel(model, file);
      else return await readImage(decoder, file);
      return 'read';
    } catch (error) {
      if (error instanceof SignetError) return error.code;
      throw error;
    }
  };
}

/** Every tensor, whatever model it would fit. */
async function readTorchFile(file: string): Promise<void> {
  const { layers } = await openTorchWeightFile(file);
  for (const weight of layers.flatMap(({ weights }) => weights)) await weight.read();
}

async function readSavedModel(model: LenetModel, directory: string): Promise<void> {
  // Separately: if one refuses the file, the others must still read it.
  const all = await Promise.allSettled([
    describeSavedModel(directory),
    fileOpsOf(directory),
    readVariables(directory),
    loadKerasWeights(model, directory),
  ]);
  const failed = all.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
  const unexpected = failed.find((error) => !(error instanceof SignetError)) ?? failed[0];
  if (unexpected !== undefined) throw unexpected;
}

/** Reads an image as a training does: with the scan, and if that finds nothing, with the decoder. */
async function readImage(decoder: ImageDecoder, file: string): Promise<string> {
  const found = await inspectImageFile(file, 0);
  if ('kind' in found) return found.kind;
  const content = await tryToReadImageFile(found);
  if ('kind' in content) return content.kind;
  decoder.decode([content]).dispose();
  return 'read';
}
