import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { timePerImage } from '../../evaluation/time-per-image.js';
import { folderBytes } from '../../files/folder-bytes.js';
import { type CachedWeights, cachedWeights } from '../../models/keras/cached-weights.js';
import { LenetModel } from '../../models/lenet-model.js';
import { makeModel } from '../../models/make-model.js';
import { findModelType, type ModelType, modelTypes } from '../../models/model-types.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { listSavedModels, type ModelFacts, type SavedModelListing } from './list-saved-models.js';
import { completeOptions, type GivenOptionsOf } from '../shared/flag-table.js';
import { listModelsCommand } from './flags.js';

/** Options of `list-models`; `flags.ts` says what each means. */
export interface ListModelsOptions extends GivenOptionsOf<typeof listModelsCommand.flags> {
  /** Called with a name before anything that takes seconds. Default: nothing. */
  readonly onProgress?: ((name: string) => void) | undefined;
}

/** Models that can be trained or built. */
export interface ArchitectureListing extends ModelFacts {
  /** Which published weights are in the user's cache; `null` when there are none for this. */
  readonly cachedWeights: CachedWeights | null;
}

/** Result, which `list-models --json` prints. */
export interface ListModelsResult {
  readonly architectures: readonly ArchitectureListing[];
  /** `null` when no folder was given. */
  readonly savedModels: readonly SavedModelListing[] | null;
}

/**
 * Lists the architectures, and with `modelFolder` what lies there, with sizes and speed on this machine.
 *
 * @throws SignetError `INVALID_ARGUMENT`; `INVALID_SAVED_MODEL` when the folder is none. A damaged model is listed with its problem.
 */
export async function listModels({
  onProgress = () => undefined,
  ...given
}: ListModelsOptions = {}): Promise<ListModelsResult> {
  const { modelType, modelFolder, measure } = completeOptions(listModelsCommand.flags, given);
  const types = modelType === undefined ? Object.values(modelTypes) : [await findModelType(modelType)];
  const savedModels = modelFolder === undefined ? null : await listSavedModels(modelFolder, { measure, onProgress });
  const architectures: ArchitectureListing[] = [];
  for (const type of types) {
    onProgress(type.name);
    architectures.push(await architecture(type, measure));
  }
  return { architectures, savedModels };
}

type Sizes = Pick<ModelFacts, 'classes' | 'imageSize' | 'parameters'>;

/** Sizes of the architectures listed so far: they stay the same, and a large network takes seconds to make. */
const known = new WeakMap<ModelType, Sizes>();

async function architecture(type: ModelType, measure: boolean): Promise<ArchitectureListing> {
  const name = type.name;
  const weights = modelTypes[name] === type ? cachedWeights(name) : null;
  const unmeasured = { bytesOnDisk: null, millisecondsPerImage: null };
  const before = known.get(type);
  if (before && !measure) return { name, ...before, cachedWeights: weights, ...unmeasured };
  const model = makeModel(type, { classNames: exampleClassNames(type), seed: 0 });
  try {
    const { classNames, imageSize } = model;
    const sizes: Sizes = { classes: classNames.length, imageSize, parameters: model.countParams() };
    known.set(type, sizes);
    return { name, ...sizes, cachedWeights: weights, ...(measure ? await measureModel(model) : unmeasured) };
  } finally {
    model.dispose();
  }
}

/** Ten digits, or the number of ImageNet classes. */
function exampleClassNames(type: ModelType): string[] {
  return Array.from({ length: type === LenetModel ? 10 : 1000 }, (_, i) => `class ${i}`);
}

async function measureModel(model: ImageClassifierModel) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-list-'));
  try {
    const directory = path.join(folder, '1');
    await model.save(directory);
    const bytesOnDisk = await folderBytes(directory);
    return { bytesOnDisk, millisecondsPerImage: await timePerImage(directory, model.imageSize) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
