import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { replaceByCopy, replaceLink, sweep } from '../files/replace.js';
import { addonPath, standardErrorAddonPath, type TfjsPackage } from './tfjs-package.js';

/**
 * Puts a library folder and both addons into tfjs-node's package, each in one step.
 *
 * `deps` becomes one link to the whole folder, so that the loader, which follows `deps/lib/../nvidia` for CUDA, arrives
 * in the cache. The addons are copies: `node_modules` stays usable when the cache's addons are cleared.
 */
export async function linkLibrary(tfjs: TfjsPackage, libraryFolder: string, addon: string): Promise<void> {
  const place = join(tfjs.folder, addonPath);
  await mkdir(dirname(place), { recursive: true });
  await sweep(tfjs.folder);
  await sweep(dirname(place));
  await replaceLink(libraryFolder, join(tfjs.folder, 'deps'));
  await replaceByCopy(
    join(dirname(addon), basename(standardErrorAddonPath)),
    join(tfjs.folder, standardErrorAddonPath),
  );
  await replaceByCopy(addon, place);
}
