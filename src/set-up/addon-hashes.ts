import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { replaceFile } from '../files/replace.js';
import { addonPath, standardErrorAddonPath } from './tfjs-package.js';

/** SHA-256 of both addons by their file names; `null` for one that is missing. */
export type AddonHashes = Readonly<Record<string, string | null>>;

const names = [addonPath, standardErrorAddonPath].map((path) => basename(path));
const note = 'sha256.json';

/** Hashes the addons in a folder. They are small: it takes a millisecond. */
export function addonHashes(folder: string): AddonHashes {
  return Object.fromEntries(names.map((name) => [name, hashOf(join(folder, name))]));
}

/** Records the hashes of the addons that were built into a folder. */
export async function noteAddons(folder: string, hashes: AddonHashes): Promise<void> {
  await replaceFile(join(folder, note), JSON.stringify(hashes));
}

/** Whether an addon in the cache, and the small one next to it, exist and are unchanged since they were built. */
export function isAddonIntact(addon: string): boolean {
  const folder = dirname(addon);
  const hashes = addonHashes(folder);
  return !Object.values(hashes).includes(null) && readNote(folder) === JSON.stringify(hashes);
}

function readNote(folder: string): string | null {
  try {
    return readFileSync(join(folder, note), 'utf8');
  } catch {
    return null;
  }
}

function hashOf(file: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return null;
  }
}
