import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

/** Makes an empty folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The same for a `beforeAll`: the folder is removed after the file's tests. */
export async function temporaryFolderForAll(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-test-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

/**
 * Removes the folders of `temporaryFolderForAll`. `set-up-file.ts` calls it, because a hook that is added while a `beforeAll` runs is never called.
 */
export async function removeFoldersForAll(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}
