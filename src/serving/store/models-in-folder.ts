import { readdir } from 'node:fs/promises';
import path from 'node:path';

import type { ModelConfig } from './model-config.js';
import { listVersions } from './version-source.js';

/**
 * A configuration for every folder that has versions, by name: `models/LenetModel/1` makes `LenetModel`.
 *
 * @throws The file system's error when there is no such folder.
 */
export async function modelsInFolder(folder: string): Promise<ModelConfig[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted();
  const configs: ModelConfig[] = [];
  for (const name of names) {
    const basePath = path.join(folder, name);
    const { folders } = await listVersions(basePath).catch(() => ({ folders: [] }));
    if (folders.length > 0) configs.push({ name, basePath });
  }
  return configs;
}
