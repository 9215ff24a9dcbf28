import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { replaceFile } from '../files/replace.js';
import { type AddonHashes, addonHashes } from './addon-hashes.js';
import { addonPath } from './tfjs-package.js';
import { tensorflowVersion, type Host } from './wheel-table.js';

/** Raised when what is compiled into the addon changes, so that an older addon is neither taken from the cache nor accepted as set up. */
export const addonRevision = 9;

/** Which of TensorFlow's libraries a set-up chose: downloaded for the CPU, downloaded with CUDA, or a user's own folder. */
export type LibraryChoice = { readonly kind: 'cpu' | 'gpu' } | { readonly kind: 'own'; readonly folder: string };

/** File that a finished set-up writes into tfjs-node's package: with it, the next run sees at once that nothing is left to do. */
export interface Stamp extends Host {
  readonly tensorflow: string;
  readonly choice: LibraryChoice;
  /** Where `deps` leads. */
  readonly libraryFolder: string;
  readonly libraryId: string;
  /** Hashes of the addons that were tried; no others are loaded. */
  readonly addons: AddonHashes;
}

/** The name contains the addon's revision, so that stamps of other revisions are not found. */
const stampName = `.signet-set-up-${addonRevision}.json`;

/** The stamp of an installed tfjs-node; `undefined` when it was never set up, or by another Signet. */
export function readStamp(tfjsFolder: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(join(tfjsFolder, stampName), 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

/** Writes the stamp that says that all stages are done; called last. */
export async function writeStamp(tfjsFolder: string, stamp: Omit<Stamp, 'addons'>): Promise<void> {
  const addons = addonHashes(dirname(join(tfjsFolder, addonPath)));
  await replaceFile(join(tfjsFolder, stampName), JSON.stringify({ ...stamp, addons }));
}

/** Removes the stamp; called before anything that it describes is changed. */
export async function removeStamp(tfjsFolder: string): Promise<void> {
  await rm(join(tfjsFolder, stampName), { force: true });
}

/** Whether what a stamp describes is still there and fits this Signet and this machine; a handful of file look-ups. */
export function stampHolds(tfjsFolder: string, stamp: Stamp | undefined, host: Host = process): stamp is Stamp {
  if (stamp?.tensorflow !== tensorflowVersion) return false;
  if (stamp.platform !== host.platform || stamp.arch !== host.arch) return false;
  try {
    if (readlinkSync(join(tfjsFolder, 'deps')) !== stamp.libraryFolder) return false;
    const addons = addonHashes(dirname(join(tfjsFolder, addonPath)));
    if (JSON.stringify(addons) !== JSON.stringify(stamp.addons)) return false;
    const library = host.platform === 'darwin' ? 'libtensorflow.2.dylib' : 'libtensorflow.so';
    // Follows links to the end: a cleared cache, or a user's library that was removed, is noticed.
    return statSync(join(stamp.libraryFolder, 'lib', library)).size > 0;
  } catch {
    return false;
  }
}
