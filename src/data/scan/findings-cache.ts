import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { cacheFolder } from '../../files/cache-folder.js';
import { replaceFile } from '../../files/replace.js';

/** Number of days without use after which findings are deleted. */
const unusedDays = 180;
const day = 24 * 60 * 60 * 1000;

/** The file in the user's cache where findings are kept. @param identity What they are about. @param ending Of the file's name: `.tsv`. */
export function findingsFile(identity: string, ending: string): string {
  const name = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return join(cacheFolder(), 'scans', `${name}${ending}`);
}

/** Reads findings and notes that they were used. @returns Nothing if there are none. */
export async function readFindings(file: string): Promise<Buffer> {
  try {
    const findings = await readFile(file);
    const now = new Date();
    await utimes(file, now, now).catch(() => undefined);
    return findings;
  } catch {
    return Buffer.alloc(0);
  }
}

/**
 * Saves findings for the next scan and deletes all in the same folder that have not been used for half a year. Findings that cannot be written, or
 * that exceed the maximum length of a string, are not saved: the next scan then inspects the images again.
 */
export async function keepFindings(file: string, lines: Iterable<string>): Promise<void> {
  try {
    await replaceFile(file, `${[...lines].join('\n')}\n`);
    await removeUnused(dirname(file));
  } catch {
    return;
  }
}

const looked = new Set<string>();

/** Once per process and folder: a data set may have thousands of shards, and each has its findings. */
async function removeUnused(folder: string): Promise<void> {
  if (looked.has(folder)) return;
  looked.add(folder);
  const oldest = Date.now() - unusedDays * day;
  for (const name of (await readdir(folder)).filter((each) => /^[\da-f]{32}\.(tsv|jsonl)$/.test(each))) {
    const file = join(folder, name);
    if ((await stat(file)).mtimeMs < oldest) await rm(file, { force: true });
  }
}
