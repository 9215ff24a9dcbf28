import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { SignetError } from '../errors.js';
import { wheelPath } from './download-wheel.js';
import { isLibraryComplete, isLibraryIntact, libraryFolder, makeLibraryFolder } from './library-folder.js';
import { findOwnLibrary, linkOwnLibrary } from './own-library.js';
import type { Needs } from './prerequisites.js';
import type { Site } from './site.js';
import type { LibraryChoice, Stamp } from './stamp.js';
import { libraryRecipe, type LibraryRecipe } from './wheel-table.js';

/** A library that is ready or can be made. */
export interface Library {
  /** Name in the cache. */
  readonly id: string;
  /** Work needed to make it; nothing if it is ready. */
  readonly needs: Omit<Needs, 'compile'>;
  /** @returns the library folder: `lib/`, `include/`, and for CUDA `nvidia/`. */
  readonly make: (site: Site) => Promise<string>;
}

/** Wishes of the user about the library. */
export interface LibraryWish {
  readonly gpu?: boolean | undefined;
  readonly library?: string | undefined;
}

/**
 * Which library is meant. If the user says nothing, the earlier choice stays: `npm test` does not undo `set-up --gpu`.
 *
 * @throws SignetError `SET_UP_FAILED` for two wishes that exclude each other.
 */
export function chooseLibrary({ gpu, library }: LibraryWish, before: Stamp | undefined): LibraryChoice {
  if (library !== undefined && gpu !== undefined) {
    throw new SignetError(
      'SET_UP_FAILED',
      '--gpu and --no-gpu download a library, --library uses one you have: give one of them.',
    );
  }
  if (library !== undefined) return { kind: 'own', folder: resolve(library) };
  if (gpu !== undefined) return { kind: gpu ? 'gpu' : 'cpu' };
  return before?.choice ?? { kind: 'cpu' };
}

/**
 * Finds out what is left to do for a library. With `verify`, a library in the cache is ready only if its content is untouched.
 *
 * @throws SignetError `SET_UP_FAILED` when this system has no wheel, or the user's folder is not a library.
 */
export async function findLibrary(
  choice: LibraryChoice,
  options: { readonly verify: boolean; readonly recipe?: LibraryRecipe | undefined },
  site: Site,
): Promise<Library> {
  if (choice.kind === 'own') {
    const own = findOwnLibrary(choice.folder);
    const make = (site: Site) => linkOwnLibrary(own, site);
    return { id: own.id, needs: { download: false, extract: false }, make };
  }
  const { verify, recipe = libraryRecipe(process, choice.kind === 'gpu') } = options;
  const folder = libraryFolder(site, recipe);
  const ready = verify ? await isLibraryIntact(folder, recipe, site.signal) : isLibraryComplete(folder, recipe);
  if (ready) return { id: recipe.id, needs: { download: false, extract: false }, make: () => Promise.resolve(folder) };
  const download = recipe.wheels.some((wheel) => !existsSync(wheelPath(site, wheel)));
  return { id: recipe.id, needs: { download, extract: true }, make: (site) => makeLibraryFolder(recipe, site) };
}
