import { readdir, stat } from 'node:fs/promises';

import { checkSize, readText } from '../../files/read-json.js';
import { describeRemote, listRemote, readRemote } from './remote-shards.js';
import { isRemote } from './location.js';

/** An entry in a folder of a data set, on this machine or elsewhere. */
export interface FolderEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * Lists a folder on this machine, or the files directly in one elsewhere.
 *
 * @returns Nothing for a folder that cannot be read; null for one elsewhere that cannot be listed.
 * @throws RemoteError.
 */
export async function entriesOf(folder: string): Promise<readonly FolderEntry[] | null> {
  if (!isRemote(folder)) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  }
  const names = await listRemote(folder);
  return names?.map((name) => ({ name, isDirectory: false })) ?? null;
}

/** The size of a file in bytes; null if there is none. @throws RemoteError. */
export async function sizeOf(location: string): Promise<number | null> {
  if (isRemote(location)) return (await describeRemote(location))?.size ?? null;
  const stats = await stat(location).catch(() => null);
  return stats?.isFile() ? stats.size : null;
}

/**
 * Reads a small text.
 *
 * @returns Null if there is no such file.
 * @throws Error for a larger file; RemoteError; NodeJS.ErrnoException.
 */
export async function textOf(location: string, mostBytes: number): Promise<string | null> {
  if (!isRemote(location)) return readText(location, mostBytes);
  const file = await describeRemote(location);
  if (!file) return null;
  checkSize(file.size, mostBytes);
  return file.size === 0 ? '' : Buffer.from(await readRemote(file, 0, file.size)).toString();
}
