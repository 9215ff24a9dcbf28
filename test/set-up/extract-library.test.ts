import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { extractWheel } from '../../src/set-up/extract-library.js';
import { hashFile } from '../../src/files/hash-file.js';
import { writeFakeWheel } from './fake-site.js';

let folder: string;
const site = { env: process.env, signal: new AbortController().signal };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-extract-'));
  mkdirSync(join(folder, 'into'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function extract(members: Parameters<typeof writeFakeWheel>[1]) {
  writeFakeWheel(join(folder, 'a.whl'), members);
  return extractWheel(join(folder, 'a.whl'), ['liba.so.2'], join(folder, 'into'), site);
}

const at = (path: string) => join(folder, 'into', path);

describe('extracting a wheel', () => {
  it('takes the libraries and the headers of the C API, and leaves the rest', async () => {
    const files = await extract([
      { name: 'tensorflow/liba.so.2', text: 'library' },
      { name: 'tensorflow/include/tensorflow/c/c_api.h', text: 'header' },
      { name: 'tensorflow/include/xla/tsl/c/tsl_status.h', text: 'header' },
      { name: 'tensorflow/include/Eigen/Core', text: 'header' },
      { name: 'tensorflow/python/ops.py', text: 'python' },
    ]);
    expect(readFileSync(at('lib/liba.so.2'), 'utf8')).toBe('library');
    expect(existsSync(at('include/tensorflow/c/c_api.h'))).toBe(true);
    expect(existsSync(at('include/xla/tsl/c/tsl_status.h'))).toBe(true);
    expect(existsSync(at('include/Eigen'))).toBe(false);
    expect(files).toEqual([{ path: 'lib/liba.so.2', bytes: 7, sha256: await hashFile(at('lib/liba.so.2')) }]);
  });

  it("takes CUDA's libraries and tools, executable where they were, without their headers", async () => {
    const files = await extract([
      { name: 'nvidia/cublas/lib/libcublas.so.12', text: 'cublas' },
      { name: 'nvidia/cublas/include/cublas.h', text: 'header' },
      { name: 'nvidia/cuda_nvcc/bin/ptxas', text: 'ptxas', executable: true },
      { name: 'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc', text: 'bitcode' },
    ]);
    expect(files.map(({ path }) => path)).toEqual([
      'nvidia/cublas/lib/libcublas.so.12',
      'nvidia/cuda_nvcc/bin/ptxas',
      'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc',
    ]);
    expect(statSync(at('nvidia/cuda_nvcc/bin/ptxas')).mode & 0o111).not.toBe(0);
    expect(existsSync(at('nvidia/cublas/include'))).toBe(false);
  });

  it('stays inside its folder', async () => {
    await expect(extract([{ name: 'nvidia/../../outside', text: 'x' }])).resolves.toEqual([]);
    expect(existsSync(join(folder, 'outside'))).toBe(false);
  });

  it('says that a file is not a wheel', async () => {
    writeFileSync(join(folder, 'a.whl'), '<html>Not found</html>');
    const extracting = extractWheel(join(folder, 'a.whl'), [], join(folder, 'into'), site);
    await expect(extracting).rejects.toThrow('a.whl could not be unpacked: zipfile.BadZipFile: File is not a zip file');
    await expect(extracting).rejects.toHaveProperty('code', 'SET_UP_FAILED');
  });
});
