import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { argumentsJson } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { TrainingData } from './training-data.js';

/** The list in `assets.extra/` of the test images that were split off: `eval-model --test-list` takes it. */
export const testListFile = 'test-images.jsonl';

/** Makes the files that a saved model carries about its training. */
export function modelAssets(
  { data, options }: { readonly data: TrainingData; readonly options: TrainModelOptions },
  history: string,
): Record<string, string> {
  return {
    'arguments.json': argumentsJson(options),
    'history.csv': history,
    ...(data.skippedList !== '' && { 'skipped-images.tsv': data.skippedList }),
  };
}

/** Reads the files that somebody else, such as a callback, has put into a model's `assets.extra`: they stay when the model is saved again. */
export async function otherFiles(modelPath: string): Promise<Record<string, Uint8Array>> {
  const folder = path.join(modelPath, 'assets.extra');
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name))] as const))); // prettier-ignore
}
