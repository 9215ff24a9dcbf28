import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { addonHashes, noteAddons } from '../../src/set-up/addon-hashes.js';
import { cachedAddonPath } from '../../src/set-up/build-addon.js';
import { hashFile } from '../../src/files/hash-file.js';
import type { SetUpOptions } from '../../src/set-up/set-up.js';
import type { Wheel } from '../../src/set-up/wheel.js';
import { libraryRecipe, type LibraryRecipe } from '../../src/set-up/wheel-table.js';
import { standardErrorAddonPath } from '../../src/set-up/tfjs-package.js';

/** A file in a fake wheel: its text, or a size to fill it with noise. */
export interface FakeMember {
  readonly name: string;
  readonly text?: string;
  readonly size?: number;
  readonly executable?: boolean;
}

/** A set-up in miniature: small wheel, small package that answers like tfjs-node, an addon that need not be compiled. */
export interface FakeSite {
  readonly folder: string;
  readonly cacheFolder: string;
  readonly tfjs: { readonly folder: string; readonly version: string };
  readonly wheelPath: string;
  readonly recipe: LibraryRecipe;
  /** One line for each download. */
  readonly fetchLog: string;
}

/** Answers to the proof like tfjs-node does. */
const answers = (version: string) => `
exports.tensor1d = (values) => values;
exports.add = (a, b) => ({ dataSync: () => a.map((value, i) => value + b[i]) });
exports.backend = () => ({ binding: { TF_Version: '${version}' }, isUsingGpuDevice: false });
`;

/** Writes a zip file, with Python as set-up reads it. */
export function writeFakeWheel(path: string, members: readonly FakeMember[]): void {
  const program = `
import json, os, sys, zipfile
path, members = json.load(sys.stdin)
with zipfile.ZipFile(path, 'w') as wheel:
    for member in members:
        info = zipfile.ZipInfo(member['name'])
        info.external_attr = (0o755 if member.get('executable') else 0o644) << 16
        wheel.writestr(info, os.urandom(member['size']) if 'size' in member else member['text'])
`;
  const { status, stderr } = spawnSync('python3', ['-c', program], { input: JSON.stringify([path, members]) });
  if (status !== 0) throw new Error(String(stderr));
}

/** The members of a small wheel with TensorFlow's layout. */
export function tensorflowMembers(librarySize = 1000): FakeMember[] {
  const { libraries } = libraryRecipe(process, false);
  return [
    ...libraries.map((name) => ({ name: `tensorflow/${name}`, size: librarySize })),
    { name: 'tensorflow/include/tensorflow/c/c_api.h', text: '// C API' },
    { name: 'tensorflow/include/tensorflow/c/eager/c_api.h', text: '// eager C API' },
    { name: 'tensorflow/include/Eigen/Core', text: '// not needed' },
    { name: 'tensorflow/python/big.py', text: '# not needed' },
  ];
}

/** The table's entry of a fake wheel. */
export async function wheelOf(path: string, file: string): Promise<Wheel> {
  const { length: bytes } = readFileSync(path);
  return { package: 'fake', version: '1.0', platform: 'any', file, sha256: await hashFile(path), bytes };
}

/** Makes a fake site in a new temporary folder. */
export async function makeFakeSite(librarySize?: number, version = '2.21.0'): Promise<FakeSite> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-set-up-'));
  const wheelPath = join(folder, 'fake-1.0-py3-none-any.whl');
  writeFakeWheel(wheelPath, tensorflowMembers(librarySize));
  const tfjs = { folder: join(folder, 'tfjs'), version: '0.0.1' };
  mkdirSync(tfjs.folder);
  writeFileSync(join(tfjs.folder, 'package.json'), '{ "name": "fake", "main": "index.js" }');
  writeFileSync(join(tfjs.folder, 'index.js'), answers(version));
  const cacheFolder = join(folder, 'cache');
  const wheel = await wheelOf(wheelPath, 'fake-1.0-py3-none-any.whl');
  const recipe = { ...libraryRecipe(process, false), id: 'fake', wheels: [wheel], bytesNeeded: 1 } as const;
  const addon = cachedAddonPath({ cacheFolder }, tfjs, recipe.id);
  mkdirSync(dirname(addon), { recursive: true });
  writeFileSync(addon, 'an addon');
  writeFileSync(join(dirname(addon), basename(standardErrorAddonPath)), 'a small addon');
  await noteAddons(dirname(addon), addonHashes(dirname(addon)));
  return { folder, cacheFolder, tfjs, wheelPath, recipe, fetchLog: join(folder, 'fetches.log') };
}

/**
 * The options that make `setUp` work on a fake site; a download copies the wheel.
 *
 * @param mayEnd A file; a download that has begun waits until it is there. Default: it does not wait.
 */
export function fakeOptions(site: FakeSite, mayEnd?: string): SetUpOptions {
  const { cacheFolder, tfjs, recipe } = site;
  return {
    cacheFolder,
    tfjs,
    recipe,
    fetchWheel: async (wheel, folder, { signal }) => {
      appendFileSync(site.fetchLog, `${wheel.file}\n`);
      writeFileSync(join(folder, wheel.file), 'the first bytes');
      while (mayEnd !== undefined && !existsSync(mayEnd)) await setTimeout(10, undefined, { signal });
      cpSync(site.wheelPath, join(folder, wheel.file));
    },
  };
}

export function removeFakeSite(site: FakeSite): void {
  rmSync(site.folder, { recursive: true, force: true });
}
