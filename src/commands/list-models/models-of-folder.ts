import { stat } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import type { ModelConfig } from '../../serving/store/model-config.js';
import { modelsInFolder } from '../../serving/store/models-in-folder.js';
import { listVersions } from '../../serving/store/version-source.js';

/** Models in the folder that `--model-folder` names. */
export interface ModelsOfFolder {
  /** Whether the folder is a model itself, a folder of versions; then it is the only one, and has the folder's name. */
  readonly isModel: boolean;
  readonly models: readonly ModelConfig[];
}

/** @throws SignetError `INVALID_SAVED_MODEL` if the folder does not exist. */
export async function modelsOfFolder(folder: string): Promise<ModelsOfFolder> {
  const stats = await stat(folder).catch(() => null);
  if (!stats?.isDirectory()) {
    throw new SignetError('INVALID_SAVED_MODEL', `${folder} is not a folder. Give one with models (--model-folder).`);
  }
  const { folders } = await listVersions(folder);
  if (folders.length === 0) return { isModel: false, models: await modelsInFolder(folder) };
  return { isModel: true, models: [{ name: path.basename(path.resolve(folder)), basePath: folder }] };
}
