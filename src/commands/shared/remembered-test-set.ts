import { existsSync } from 'node:fs';
import path from 'node:path';

import * as v from 'valibot';

import { isRemote } from '../../data/remote/location.js';
import { type DatasetSource, folderSource, listSource } from '../../data/source/dataset-source.js';
import { readJson } from '../../files/read-json.js';
import { testListFile } from '../train-model/model-assets.js';
import { trainingSource } from './dataset-sources.js';

/** `arguments.json` of a training has some dozens of options. */
const mostBytes = 100_000;
const schema = v.looseObject({
  testDatasetPath: v.optional(v.string()),
  testList: v.optional(v.string()),
  datasetPath: v.optional(v.string()),
  trainDatasetPath: v.optional(v.string()),
  trainList: v.optional(v.string()),
  labelField: v.optional(v.string()),
});

/**
 * Finds the images that a model was tested on when it was trained: what was split off is listed in its directory, a folder or a list of its own is
 * named by `arguments.json`, from the working directory of the training.
 *
 * @returns null where the model does not say, or they are not there any more.
 */
export async function rememberedTestSet(modelPath: string): Promise<DatasetSource | null> {
  const folder = path.join(modelPath, 'assets.extra');
  const own = path.join(folder, testListFile);
  if (existsSync(own)) return listSource(own);
  const { testList, testDatasetPath, labelField } = await argumentsOf(folder);
  if (testList !== undefined) return existsSync(testList) ? listSource(testList) : null;
  if (testDatasetPath === undefined || !isThere(testDatasetPath)) return null;
  return folderSource(testDatasetPath, { labelField });
}

/** Images that a model learned from. */
export interface RememberedTrainingSet {
  readonly source: DatasetSource;
  /** Images of that source which it was tested on instead; null where there are none. */
  readonly except: DatasetSource | null;
}

/**
 * Finds the images that a model was trained on and chosen by, which `arguments.json` names, from the working directory of the training.
 *
 * @returns null where the model does not say, or they are not there any more.
 */
export async function rememberedTrainingSet(modelPath: string): Promise<RememberedTrainingSet | null> {
  const folder = path.join(modelPath, 'assets.extra');
  const options = await argumentsOf(folder);
  const place = options.trainList ?? options.trainDatasetPath ?? options.datasetPath;
  if (place === undefined || !isThere(place)) return null;
  const own = path.join(folder, testListFile);
  return { source: trainingSource(options), except: existsSync(own) ? listSource(own) : null };
}

async function argumentsOf(folder: string): Promise<v.InferOutput<typeof schema>> {
  return (await readJson(path.join(folder, 'arguments.json'), { mostBytes, schema }).catch(() => null)) ?? {};
}

/** A data set elsewhere is asked when it is read. */
function isThere(dataset: string): boolean {
  return isRemote(dataset) || existsSync(dataset);
}
