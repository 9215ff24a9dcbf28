import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { cacheFolder } from './cache-folder.js';

/**
 * A mark by which a text is recognized as written by this user on this machine: HMAC-SHA-256 (RFC 2104) with a key that never leaves the user's
 * cache. A file in a folder from elsewhere cannot carry it, whatever it contains.
 *
 * @returns Hexadecimal; `null` where the cache cannot be written to, so that nothing can be recognized later.
 */
export async function ownSeal(text: string): Promise<string | null> {
  const key = await ownKey().catch(() => null);
  return key && createHmac('sha256', key).update(text).digest('hex');
}

/** Whether a text carries the mark that `ownSeal` gives it. */
export async function isOwnSeal(text: string, seal: string | null): Promise<boolean> {
  const expected = seal === null ? null : await ownSeal(text);
  if (expected === null || seal?.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(seal));
}

async function ownKey(): Promise<Buffer> {
  const file = path.join(cacheFolder(), 'own-key');
  const kept = await readFile(file).catch(() => null);
  if (kept?.length === 32) return kept;
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, randomBytes(32), { mode: 0o600, flag: 'wx' });
    // Replace a damaged key, but keep one that another process has written meanwhile.
    if (kept) await rm(file, { force: true });
    await link(draft, file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    return await readFile(file);
  } finally {
    await rm(draft, { force: true });
  }
}
