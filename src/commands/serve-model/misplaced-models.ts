import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { printable } from '../../text/printable.js';

/** Folders that are looked into, at most: enough for what a person keeps by hand. */
const mostFolders = 1000;

/**
 * Finds SavedModels in places where no version of a model belongs, and describes in one sentence how each could be served: the folder is a
 * version itself, or versions are called `v1` or `0.1`.
 */
export async function describeMisplacedModels(modelFolder: string): Promise<string[]> {
  if (isSavedModel(modelFolder)) return [ofVersionItself(path.resolve(modelFolder))];
  const found: string[] = [];
  for (const folder of await foldersIn(modelFolder)) {
    const versions = isSavedModel(folder) ? [folder] : (await foldersIn(folder)).filter(isSavedModel);
    found.push(...versions.filter((version) => !isVersion(version)).map(describeNoVersion));
  }
  return found;
}

function ofVersionItself(version: string): string {
  const model = path.dirname(version);
  const ways = isVersion(version)
    ? `Give ${shown(model)} or ${shown(path.dirname(model))}.`
    : 'A model has folders of versions: move it to a folder NAME/1, and give that of NAME.';
  return `${shown(version)} is a single SavedModel, not a folder of models or versions. ${ways}`;
}

function describeNoVersion(folder: string): string {
  const name = path.basename(folder);
  return `${shown(folder)} is not served: "${printable(name)}" is not a version, which is a whole number. Rename it, such as to ${shown(path.join(path.dirname(folder), /\d+/.exec(name)?.[0] ?? '1'))}.`;
}

function shown(folder: string): string {
  return printable(path.relative('', folder) || '.');
}

function isVersion(folder: string): boolean {
  return /^\d+$/.test(path.basename(folder));
}

function isSavedModel(folder: string): boolean {
  return existsSync(path.join(folder, 'saved_model.pb'));
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return folders
    .slice(0, mostFolders)
    .map(({ name }) => path.join(folder, name))
    .sort();
}
