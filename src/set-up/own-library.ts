import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { SignetError } from '../errors.js';
import { replaceFolder } from '../files/replace.js';
import { withUnfinishedFolder, type Site } from './site.js';
import { tensorflowVersion } from './wheel-table.js';

/** A TensorFlow library that the user brings, for a system without wheels or without a network. */
export interface OwnLibrary {
  /** Changes when the library's file does, so that the addon is built again for it. */
  readonly id: string;
  readonly headers: string;
  /** Folder that holds `libtensorflow*`. */
  readonly libraries: string;
  /** CUDA's libraries next to it, if there are any. */
  readonly nvidia: string | undefined;
  /** Names that `binding.gyp` looks for: alias to a library there. */
  readonly aliases: Readonly<Record<string, string>>;
}

const headersNeeded = ['tensorflow/c/c_api.h', 'tensorflow/c/eager/c_api.h'];

/** Libraries that the addon is linked with, and the names under which distributions ship them, best first. */
const librariesNeeded: Record<'linux' | 'darwin', Record<string, readonly string[]>> = {
  linux: {
    'libtensorflow.so': ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so'],
    'libtensorflow_framework.so': ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  },
  darwin: {
    'libtensorflow.2.dylib': ['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib'],
    'libtensorflow_framework.2.dylib': ['libtensorflow_framework.2.dylib'],
  },
};

/**
 * Looks over a folder with `lib/` and `include/`; the `tensorflow` folder of a Python installation serves as well.
 *
 * @throws SignetError `SET_UP_FAILED` that lists every file that is missing.
 */
export function findOwnLibrary(folder: string, platform: NodeJS.Platform = process.platform): OwnLibrary {
  const place = resolve(folder);
  const libraries = existsSync(join(place, 'lib')) ? join(place, 'lib') : place;
  const headers = join(place, 'include');
  const needed = librariesNeeded[platform === 'darwin' ? 'darwin' : 'linux'];
  const found = Object.entries(needed).map(
    ([alias, names]) => [alias, names.find((name) => existsSync(join(libraries, name)))] as const,
  );
  const missing = [
    ...found.flatMap(([alias, name]) => (name === undefined ? [`lib/${alias}`] : [])),
    ...headersNeeded.filter((header) => !existsSync(join(headers, header))).map((header) => `include/${header}`),
  ];
  if (missing.length > 0) throw missingFiles(place, missing);
  const aliases = Object.fromEntries(found.map(([alias, name]) => [alias, name ?? alias]));
  const nvidia = [join(place, 'nvidia'), join(place, '..', 'nvidia')].find((candidate) => existsSync(candidate));
  return { id: identify(libraries, aliases, platform), headers, libraries, nvidia, aliases };
}

/** Makes a library folder of links to the user's files, in the layout that tfjs-node expects, and returns its path. */
export async function linkOwnLibrary(own: OwnLibrary, site: Site): Promise<string> {
  const folder = join(site.cacheFolder, 'libraries', own.id);
  const files = readdirSync(own.libraries).filter((name) => /^libtensorflow.*\.(so|dylib)/.test(name));
  await withUnfinishedFolder(site, async (draft) => {
    await mkdir(join(draft, 'lib'));
    await symlink(own.headers, join(draft, 'include'));
    if (own.nvidia !== undefined) await symlink(own.nvidia, join(draft, 'nvidia'));
    for (const name of files) await symlink(join(own.libraries, name), join(draft, 'lib', name));
    for (const [alias, name] of Object.entries(own.aliases)) {
      if (!files.includes(alias)) await symlink(name, join(draft, 'lib', alias));
    }
    await replaceFolder(draft, folder);
  });
  return folder;
}

function missingFiles(place: string, missing: readonly string[]): SignetError {
  return new SignetError(
    'SET_UP_FAILED',
    `--library takes a folder with lib/ and include/ of TensorFlow ${tensorflowVersion}'s C library. ` +
      `Received: ${place}, without ${missing.join(', ')}. ` +
      'Give another folder, or run set-up with --no-gpu to download the library.',
  );
}

function identify(libraries: string, aliases: Readonly<Record<string, string>>, platform: string): string {
  const hash = createHash('sha256').update(libraries);
  for (const name of Object.values(aliases)) {
    const { size, mtimeMs } = statSync(join(libraries, name));
    hash.update(`${name} ${size} ${mtimeMs}`);
  }
  return `${platform}-${process.arch}-own-${hash.digest('hex').slice(0, 12)}`;
}
