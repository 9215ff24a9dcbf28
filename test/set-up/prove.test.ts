import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { checkVersion, prove } from '../../src/set-up/prove.js';
import type { Site } from '../../src/set-up/site.js';
import { tfjsPackage } from '../../src/set-up/tfjs-package.js';

const site: Site = {
  cacheFolder: '/nowhere',
  env: process.env,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  fetchWheel: () => Promise.reject(new Error('not asked for')),
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-prove-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A package in the place of tfjs-node, with this program. */
function packageOf(program: string) {
  writeFileSync(join(folder, 'index.js'), program);
  return { folder, version: '0.0.1' };
}

describe('the proof', () => {
  it('adds two tensors with the real library', async () => {
    expect(await prove(tfjsPackage(), site)).toMatchObject({ version: '2.21.0' });
  });

  it('says why the library does not load', async () => {
    const program = "throw new Error('libfoo.so.1: cannot open shared object file: No such file or directory')";
    await expect(prove(packageOf(program), site)).rejects.toThrow(
      'TensorFlow was set up but does not work here (exit status 1): ' +
        'Error: libfoo.so.1: cannot open shared object file: No such file or directory\nRun set-up with --force',
    );
  });

  it('knows what a processor without AVX does', async () => {
    const program = "process.kill(process.pid, 'SIGILL'); setTimeout(() => {}, 10_000)";
    await expect(prove(packageOf(program), site)).rejects.toThrow('needs a processor with AVX, which this one lacks.');
  });

  it('takes patch releases and nothing else', () => {
    expect(() => checkVersion({ version: '2.21.1', usesGpu: false })).not.toThrow();
    expect(() => checkVersion({ version: '2.20.0', usesGpu: false })).toThrow('Received: TensorFlow 2.20.0.');
  });
});
