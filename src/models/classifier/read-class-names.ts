import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { readSavedModel } from '../../saved-model/read/read-saved-model.js';

/**
 * Reads the class names that are saved with a classifier.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when it has none; for a directory that is not a SavedModel at all, the message names those below it.
 */
export async function readClassNames(modelPath: string): Promise<string[]> {
  const file = path.join(modelPath, 'assets', 'class_names.txt');
  const text = await readFile(file, 'utf8').catch(async (error: unknown) => {
    await readSavedModel(modelPath);
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${modelPath} is not a classifier of Signet: it has no assets/class_names.txt. Give a directory that train-model wrote, such as models/LenetModel/1.`,
      { cause: error },
    );
  });
  return text.split('\n').filter((name) => name !== '');
}
