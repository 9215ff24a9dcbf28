import { cp, readdir } from 'node:fs/promises';
import path from 'node:path';

/** Where Signet lies: the repository, or `dist/` of the package, which has the same folders. */
export const ownRoot = path.resolve(import.meta.dirname, '../../..');

/**
 * Copies the digits of a new project: a quarter of the bundled ones, 360 to train on and 90 for the test. The package has only these.
 *
 * @param to Folder for `train/` and `test/`.
 * @returns How many there are.
 */
export async function copyStarterDigits(to: string): Promise<number> {
  const from = path.join(ownRoot, 'data', 'digits');
  const pictures = (await readdir(from, { recursive: true })).filter(isStarterDigit);
  await Promise.all(pictures.map((file) => cp(path.join(from, file), path.join(to, file))));
  return pictures.length;
}

/** Every fourth picture: their file names are numbers. */
function isStarterDigit(file: string): boolean {
  const { ext, name } = path.parse(file);
  return ext === '.png' && Number(name) % 4 === 0;
}
