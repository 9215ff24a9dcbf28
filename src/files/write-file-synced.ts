import { type FileHandle, open } from 'node:fs/promises';

/** Creates a file and leaves it on the disk, not only in the system's cache. */
export async function writeFileSynced(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
