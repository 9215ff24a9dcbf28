import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { isAddonIntact } from './addon-hashes.js';
import { buildAddon, cachedAddonPath } from './build-addon.js';
import { cacheFolder as usualCacheFolder } from '../files/cache-folder.js';
import { chooseLibrary, findLibrary } from './choose-library.js';
import { fetchWithPip } from './download-wheel.js';
import { explainFileError } from './file-errors.js';
import { linkLibrary } from './link-library.js';
import { findOwnLibrary } from './own-library.js';
import { checkPrerequisites } from './prerequisites.js';
import { checkVersion, prove, type Proof } from './prove.js';
import { remove, sweep } from '../files/replace.js';
import { unfinishedFolder, type FetchWheel, type SetUpProgress, type Site } from './site.js';
import { readStamp, removeStamp, stampHolds, writeStamp, type LibraryChoice } from './stamp.js';
import { tfjsPackage, type TfjsPackage } from './tfjs-package.js';
import { tensorflowVersion, type LibraryRecipe } from './wheel-table.js';
import { withLock } from '../files/with-lock.js';

/** Options of `setUp`. */
export interface SetUpOptions {
  /** Check the library's content, and compile, link and try everything again. Default: only what is left to do. */
  readonly force?: boolean;
  /**
   * Whether the library computes on an NVIDIA GPU (Linux on x64 only). Default: as in the existing set-up; `false` if there is none. `false` also
   * goes back from `library` to the downloaded one.
   */
  readonly gpu?: boolean | undefined;
  /** A folder with `lib/` and `include/` of a TensorFlow library that the user has. Default: one is downloaded. */
  readonly library?: string | undefined;
  /** Where downloads and built files are kept. Default: see `cacheFolder`. */
  readonly cacheFolder?: string;
  /** Stops the set-up and the programs that it runs; a later run continues where it stopped. Default: never. */
  readonly signal?: AbortSignal;
  /** Called at every step. */
  readonly onProgress?: (progress: SetUpProgress) => void;
  /** Receives what pip and the compiler print. */
  readonly onOutput?: (text: string) => void;
  /** The package to set up. Default: the one that Signet imports. */
  readonly tfjs?: TfjsPackage;
  /** Which wheels make the library. Default: this host's, from the table. */
  readonly recipe?: LibraryRecipe;
  /** Brings a wheel into a folder. Default: pip. */
  readonly fetchWheel?: FetchWheel;
}

/** Result of a set-up. */
export interface SetUpReport {
  /** `2.21.0` */
  readonly tensorflow: string;
  readonly choice: LibraryChoice;
  readonly libraryFolder: string;
  /** Nothing was left to do. */
  readonly wasSetUp: boolean;
  /** Answer of TensorFlow when it was tried; absent when nothing was left to do. */
  readonly proof?: Proof;
}

/**
 * Sets TensorFlow up for this machine: library, headers, addon, and a proof that they work together.
 *
 * Safe to run at any time, twice at once, and again after it was killed at any point: each stage is finished by one
 * rename, and what is finished is not done again.
 *
 * @throws SignetError `OFFLINE`, `NOT_SET_UP` (npm's packages are missing) or `SET_UP_FAILED`.
 * @throws the signal's reason when the signal was raised.
 */
export async function setUp(options: SetUpOptions = {}): Promise<SetUpReport> {
  const cacheFolder = options.cacheFolder ?? usualCacheFolder();
  try {
    return await setUpPackage(options.tfjs ?? tfjsPackage(), resolve(cacheFolder), options);
  } catch (error) {
    // When the set-up was stopped, that is the reason, not the error of the stage that it interrupted.
    options.signal?.throwIfAborted();
    throw explainFileError(error, cacheFolder);
  }
}

async function setUpPackage(tfjs: TfjsPackage, cacheFolder: string, options: SetUpOptions): Promise<SetUpReport> {
  const { force = false, onProgress = () => undefined, fetchWheel = fetchWithPip } = options;
  const done = force ? undefined : alreadySetUp(tfjs, options);
  if (done) return done;
  const { signal, onOutput } = options;
  let waited = false;
  const onWait = () => {
    if (!waited) onProgress({ doing: 'Another set-up is running, or was killed a moment ago; waiting for it' });
    waited = true;
  };
  return withLock(tfjs.folder, { signal, onWait }, (held) =>
    withLock(cacheFolder, { signal: held, onWait }, async (signal) => {
      // The set-up that held the lock may have done everything already.
      const done = force ? undefined : alreadySetUp(tfjs, options);
      const site: Site = { cacheFolder, env: process.env, signal, onProgress, onOutput, fetchWheel };
      return done ?? (await runStages(tfjs, options, site));
    }),
  );
}

function alreadySetUp(tfjs: TfjsPackage, options: SetUpOptions): SetUpReport | undefined {
  const stamp = readStamp(tfjs.folder);
  if (!stampHolds(tfjs.folder, stamp)) return undefined;
  const choice = chooseLibrary(options, readStamp(tfjs.folder));
  if (JSON.stringify(choice) !== JSON.stringify(stamp.choice)) return undefined;
  if (choice.kind === 'own' && findOwnLibrary(choice.folder).id !== stamp.libraryId) return undefined;
  return { tensorflow: tensorflowVersion, choice, libraryFolder: stamp.libraryFolder, wasSetUp: true };
}

async function runStages(tfjs: TfjsPackage, options: SetUpOptions, site: Site): Promise<SetUpReport> {
  await clearLeftovers(site);
  const { force = false, recipe } = options;
  const choice = chooseLibrary(options, readStamp(tfjs.folder));
  const library = await findLibrary(choice, { verify: force, recipe }, site);
  const addon = cachedAddonPath(site, tfjs, library.id);
  const compile = force || !isAddonIntact(addon);
  const tools = await checkPrerequisites({ ...library.needs, compile });
  const folder = await library.make(site);
  if (compile) await buildAddon(tfjs, folder, tools.compiler, addon, site);
  await removeStamp(tfjs.folder);
  await linkLibrary(tfjs, folder, addon);
  const proof = await proveOrCompileAnew(tfjs, folder, addon, compile, site);
  checkVersion(proof);
  const { platform, arch } = process;
  const stamp = { platform, arch, tensorflow: tensorflowVersion, choice, libraryFolder: folder, libraryId: library.id };
  await writeStamp(tfjs.folder, stamp);
  return { tensorflow: tensorflowVersion, choice, libraryFolder: folder, wasSetUp: false, proof };
}

/** An addon from the cache may come from another system that shares the user's home: then it is compiled here once. */
async function proveOrCompileAnew(
  tfjs: TfjsPackage,
  folder: string,
  addon: string,
  isNew: boolean,
  site: Site,
): Promise<Proof> {
  try {
    return await prove(tfjs, site);
  } catch (error) {
    if (isNew || site.signal.aborted) throw error;
    const { compiler } = await checkPrerequisites({ download: false, extract: false, compile: true });
    await buildAddon(tfjs, folder, compiler, addon, site);
    await linkLibrary(tfjs, folder, addon);
    return prove(tfjs, site);
  }
}

/** Anything there was left by a run that was killed, since this one holds the cache's lock. */
async function clearLeftovers(site: Site): Promise<void> {
  await remove(unfinishedFolder(site));
  await mkdir(unfinishedFolder(site), { recursive: true });
  await sweep(join(site.cacheFolder, 'libraries'));
}
