import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * Sums up the sizes in bytes of all files in a folder, with all its subfolders. A link counts as itself and is not followed, so none leads outside or
 * in circles.
 */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => !entry.isDirectory())
    .map(async ({ parentPath, name }) => (await lstat(path.join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
