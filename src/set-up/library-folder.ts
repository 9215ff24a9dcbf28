import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SignetError } from '../errors.js';
import { downloadWheel, wheelPath } from './download-wheel.js';
import { extractWheel, type ExtractedFile } from './extract-library.js';
import { checkSpace } from './file-errors.js';
import { hashFile } from '../files/hash-file.js';
import { remove, replaceFolder } from '../files/replace.js';
import { step, withUnfinishedFolder, type Site } from './site.js';
import { tensorflowVersion, type LibraryRecipe } from './wheel-table.js';

/** Content of `library.json`, which describes a finished library folder. */
interface Manifest {
  readonly wheels: readonly string[];
  readonly files: readonly ExtractedFile[];
}

/** Folder for the library of a recipe: `lib/`, `include/` and for CUDA `nvidia/`, the layout that tfjs-node expects. */
export function libraryFolder(site: Pick<Site, 'cacheFolder'>, recipe: LibraryRecipe): string {
  return join(site.cacheFolder, 'libraries', `tensorflow-${tensorflowVersion}-${recipe.id}`);
}

/** Whether a library folder exists, was made from the recipe's wheels, and every file has its original size. */
export function isLibraryComplete(folder: string, recipe: LibraryRecipe): boolean {
  const manifest = readManifest(folder);
  if (manifest?.wheels.join() !== hashesOf(recipe).join()) return false;
  return manifest.files.every(
    ({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes,
  );
}

/** Whether every file still has the content that was extracted; `isLibraryComplete` only compares sizes. */
export async function isLibraryIntact(folder: string, recipe: LibraryRecipe, signal: AbortSignal): Promise<boolean> {
  if (!isLibraryComplete(folder, recipe)) return false;
  for (const { path, sha256 } of readManifest(folder)?.files ?? []) {
    if ((await hashFile(join(folder, path), signal)) !== sha256) return false;
  }
  return true;
}

/**
 * Makes the library folder of a recipe: downloads the wheels that are not in the cache yet, unpacks them next to the
 * folder's place, moves the whole there and deletes the wheels.
 *
 * @throws SignetError `OFFLINE` or `SET_UP_FAILED`.
 */
export async function makeLibraryFolder(recipe: LibraryRecipe, site: Site): Promise<string> {
  const folder = libraryFolder(site, recipe);
  await mkdir(site.cacheFolder, { recursive: true });
  await checkSpace(site.cacheFolder, recipe.bytesNeeded - bytesInCache(recipe, site));
  for (const wheel of recipe.wheels) await downloadWheel(wheel, site);
  await step(site, `Unpacking TensorFlow ${tensorflowVersion} into ${site.cacheFolder}`, () =>
    withUnfinishedFolder(site, async (draft) => {
      await unpack(recipe, draft, site);
      await replaceFolder(draft, folder);
    }),
  );
  await Promise.all(recipe.wheels.map((wheel) => remove(wheelPath(site, wheel))));
  return folder;
}

async function unpack(recipe: LibraryRecipe, into: string, site: Site): Promise<void> {
  const files: ExtractedFile[] = [];
  for (const wheel of recipe.wheels) {
    files.push(...(await extractWheel(wheelPath(site, wheel), recipe.libraries, into, site)));
  }
  const absent = recipe.libraries.filter((library) => !existsSync(join(into, 'lib', library)));
  if (absent.length > 0) {
    throw new SignetError(
      'SET_UP_FAILED',
      `${recipe.wheels[0].file} does not hold ${absent.map((name) => `tensorflow/${name}`).join(', ')}.`,
    );
  }
  for (const [alias, library] of Object.entries(recipe.aliases)) await symlink(library, join(into, 'lib', alias));
  const manifest: Manifest = { wheels: hashesOf(recipe), files };
  await writeFile(join(into, 'library.json'), JSON.stringify(manifest, undefined, 2));
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'library.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

function hashesOf(recipe: LibraryRecipe): string[] {
  return recipe.wheels.map(({ sha256 }) => sha256);
}

/** Counts the bytes that a killed run has downloaded already, which need no space any more. */
function bytesInCache(recipe: LibraryRecipe, site: Site): number {
  const sizes = recipe.wheels.map((wheel) => statSync(wheelPath(site, wheel), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}
