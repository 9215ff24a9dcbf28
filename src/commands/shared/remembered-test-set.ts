import { existsSync } from 'node:fs';
import path from 'node:path';

import * as v from 'valibot';

import { type DatasetSource, folderSource, listSource } from '../../data/source/dataset-source.js';
import { readJson } from '../../files/read-json.js';
import { testListFile } from '../train-model/model-assets.js';

/** `arguments.json` of a training has some dozens of options. */
const mostBytes = 100_000;
const schema = v.looseObject({
  testDatasetPath: v.optional(v.string()),
  testList: v.optional(v.string()),
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
  const { testList, testDatasetPath, labelField } =
    (await readJson(path.join(folder, 'arguments.json'), { mostBytes, schema }).catch(() => null)) ?? {};
  if (testList !== undefined) return existsSync(testList) ? listSource(testList) : null;
  if (testDatasetPath === undefined || !existsSync(testDatasetPath)) return null;
  return folderSource(testDatasetPath, { labelField });
}
