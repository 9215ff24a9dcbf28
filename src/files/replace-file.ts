import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { writeFileSynced } from './write-file-synced.js';

/** Gives a file another content: a crash at any instant leaves the one before or this one, on the disk. For one writer at a time. */
export async function replaceFile(file: string, content: string): Promise<void> {
  const made = `${file}.new`;
  await rm(made, { force: true });
  await writeFileSynced(made, (handle) => handle.writeFile(content));
  await rename(made, file);
  const directory = await open(path.dirname(file), 'r');
  await directory.sync().finally(() => directory.close());
}
