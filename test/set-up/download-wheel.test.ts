import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { downloadWheel, fetchWithPip } from '../../src/set-up/download-wheel.js';
import type { Site } from '../../src/set-up/site.js';
import { libraryRecipe } from '../../src/set-up/wheel-table.js';

const [wheel] = libraryRecipe({ platform: 'linux', arch: 'x64' }, false).wheels;
let cacheFolder: string;

function site(env: NodeJS.ProcessEnv): Site {
  const signal = new AbortController().signal;
  return {
    cacheFolder,
    env: { ...process.env, ...env },
    signal,
    onProgress: () => undefined,
    fetchWheel: fetchWithPip,
  };
}

beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'signet-download-'));
});
afterEach(() => {
  rmSync(cacheFolder, { recursive: true });
});

describe('downloading a wheel with pip', () => {
  it.each([
    ['an index that nobody answers for', { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_RETRIES: '0' }],
    ['no index at all', { PIP_NO_INDEX: '1' }],
  ])('says with %s how to get it by hand', async (_case, env) => {
    const download = downloadWheel(wheel, site({ ...env, PIP_FIND_LINKS: '' }));
    await expect(download).rejects.toHaveProperty('code', 'OFFLINE');
    await expect(download).rejects.toThrow('The Python package index cannot be reached, so tensorflow-cpu 2.21.0');
    await expect(download).rejects.toThrow(
      'python3 -m pip download --no-deps --only-binary=:all: --python-version 3.12 ' +
        '--platform manylinux_2_27_x86_64 tensorflow-cpu==2.21.0\n' +
        `and put tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl into ${cacheFolder}/wheels;\n` +
        'or run set-up with --library DIR',
    );
    expect(readdirSync(join(cacheFolder, 'unfinished'))).toEqual([]);
  });
});
