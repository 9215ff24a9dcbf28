import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { buildAddon } from '../../src/set-up/build-addon.js';
import { exportSessionConfig, useSessionConfig } from '../../src/set-up/session-config-patch.js';
import { checkPrerequisites } from '../../src/set-up/prerequisites.js';
import { declareSharing, exportSharing, shareSessions } from '../../src/set-up/shared-session-patch.js';
import { mendSharedStrings } from '../../src/set-up/shared-strings-patch.js';
import type { Site } from '../../src/set-up/site.js';
import { readStamp } from '../../src/set-up/stamp.js';
import { tfjsPackage } from '../../src/set-up/tfjs-package.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-build-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Builds tfjs-node's binding.gyp with this source in the place of its own, which takes longer. */
async function build(source: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { folder: real } = tfjsPackage();
  mkdirSync(join(folder, 'tfjs/binding'), { recursive: true });
  for (const name of ['binding.gyp', 'package.json']) copyFileSync(join(real, name), join(folder, 'tfjs', name));
  // What is mended must be there.
  const [binding, backend, header] = ['tfjs_binding.cc', 'tfjs_backend.cc', 'tfjs_backend.h'].map(
    (name) => `#if 0\n${readFileSync(join(real, 'binding', name), 'utf8')}\n#endif\n`,
  );
  writeFileSync(join(folder, 'tfjs/binding/tfjs_binding.cc'), `${source}\n${binding}`);
  writeFileSync(join(folder, 'tfjs/binding/tfjs_backend.cc'), backend ?? '');
  writeFileSync(join(folder, 'tfjs/binding/tfjs_backend.h'), header ?? '');
  const site: Site = {
    cacheFolder: join(folder, 'cache'),
    env: { ...process.env, ...env },
    signal: new AbortController().signal,
    onProgress: () => undefined,
    fetchWheel: () => Promise.reject(new Error('not asked for')),
  };
  const { compiler } = await checkPrerequisites({ download: false, extract: false, compile: true });
  const tfjs = { folder: join(folder, 'tfjs'), version: '0.0.1' };
  await buildAddon(tfjs, readStamp(real)?.libraryFolder ?? '', compiler, join(folder, 'addon.node'), site);
}

describe('building the addon', () => {
  it("compiles against TensorFlow's headers and Node's, and leaves the package as it was", async () => {
    await build('#include <node_api.h>\n#include "tensorflow/c/eager/c_api.h"\nint answer = 42;');
    expect(existsSync(join(folder, 'addon.node'))).toBe(true);
    expect(readdirSync(join(folder, 'tfjs')).sort()).toEqual(['binding', 'binding.gyp', 'package.json']);
    expect(readdirSync(join(folder, 'cache/unfinished'))).toEqual([]);
  });

  it("quotes the compiler's errors", async () => {
    const building = build('#error this cannot be');
    await expect(building).rejects.toThrow(/did not compile \(exit status 1\):\n.*error: #error this cannot be/);
    await expect(building).rejects.toHaveProperty('code', 'SET_UP_FAILED');
  });

  it('refuses a source that it cannot mend', () => {
    const message = 'is not version 4.22.0, the only one that Signet patches';
    const mends = [
      mendSharedStrings,
      useSessionConfig,
      exportSessionConfig,
      shareSessions,
      declareSharing,
      exportSharing,
    ];
    for (const mend of mends) {
      expect(() => mend('void DeleteTensor() {}')).toThrow(message);
    }
  });
});
