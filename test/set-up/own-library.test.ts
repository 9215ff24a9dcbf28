import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findOwnLibrary, linkOwnLibrary } from '../../src/set-up/own-library.js';
import type { Site } from '../../src/set-up/site.js';

let folder: string;

function write(path: string, text = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function writeHeaders(): void {
  write('own/include/tensorflow/c/c_api.h');
  write('own/include/tensorflow/c/eager/c_api.h');
}

function site(): Site {
  const signal = new AbortController().signal;
  return {
    cacheFolder: join(folder, 'cache'),
    env: {},
    signal,
    onProgress: () => undefined,
    fetchWheel: () => Promise.reject(new Error('not asked for')),
  };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-own-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a user's own library", () => {
  it('is refused with all that it lacks', () => {
    write('own/lib/libtensorflow.so.2');
    write('own/include/tensorflow/c/c_api.h');
    expect(() => findOwnLibrary(join(folder, 'own'), 'linux')).toThrow(
      "--library takes a folder with lib/ and include/ of TensorFlow 2.21.0's C library. " +
        `Received: ${join(folder, 'own')}, without lib/libtensorflow_framework.so, include/tensorflow/c/eager/c_api.h. `,
    );
  });

  it.each([
    ['linux', ['lib/libtensorflow.so.2', 'lib/libtensorflow_framework.so.2'], 'libtensorflow.so'],
    ['linux', ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'], 'libtensorflow.so'],
    ['darwin', ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'], 'libtensorflow.2.dylib'],
  ] as const)('may lie on %s as %j', async (platform, files, alias) => {
    writeHeaders();
    for (const file of files) write(`own/${file}`);
    const place = await linkOwnLibrary(findOwnLibrary(join(folder, 'own'), platform), site());
    expect(readFileSync(join(place, 'lib', alias), 'utf8')).toBe(`own/${files[0]}`);
    expect(readFileSync(join(place, 'include/tensorflow/c/c_api.h'), 'utf8')).toContain('c_api.h');
  });

  it('brings CUDA along, as a Python installation has it', async () => {
    writeHeaders();
    write('own/libtensorflow_cc.so.2');
    write('own/libtensorflow_framework.so.2');
    write('nvidia/cublas/lib/libcublas.so.12');
    const place = await linkOwnLibrary(findOwnLibrary(join(folder, 'own'), 'linux'), site());
    expect(readFileSync(join(place, 'lib/../nvidia/cublas/lib/libcublas.so.12'), 'utf8')).toContain('cublas');
  });

  it('is another one when its file changes', () => {
    writeHeaders();
    write('own/lib/libtensorflow.so');
    write('own/lib/libtensorflow_framework.so');
    const { id } = findOwnLibrary(join(folder, 'own'), 'linux');
    expect(findOwnLibrary(join(folder, 'own'), 'linux').id).toBe(id);
    write('own/lib/libtensorflow.so', 'another');
    expect(findOwnLibrary(join(folder, 'own'), 'linux').id).not.toBe(id);
  });
});
