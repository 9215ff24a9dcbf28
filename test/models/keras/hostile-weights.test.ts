import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { zipSync } from 'fflate';
import h5, { type File, type Group } from 'h5wasm/node';
import { beforeAll, describe, expect, it } from 'vitest';

import { openKerasWeightFile } from '../../../src/models/keras/keras-weight-file.js';
import { withWeightFile } from '../../../src/models/keras/with-weight-file.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

beforeAll(async () => {
  await h5.ready;
});

/** Writes a weight file that `write` fills, and opens it. */
async function opened(write: (file: File) => void, name = 'evil.weights.h5') {
  const place = path.join(await temporaryFolder(), name);
  const file = new h5.File(place, 'w');
  write(file);
  file.close();
  return openKerasWeightFile(place);
}

function layer(parent: Group, name: string): Group {
  const made = parent.create_group(name);
  made.create_group('vars').create_dataset({ name: '0', data: Float32Array.of(1) });
  return made;
}

describe('a small weight file that would take hours', () => {
  it.each<[what: string, write: (file: File) => void, problem: string]>([
    [
      'layers that contain themselves',
      (file) => {
        const layers = file.create_group('layers');
        layer(layers, 'a');
        layer(layers, 'b');
        for (const name of ['a', 'b']) file.create_hard_link('/layers', `/layers/${name}/layers`);
      },
      'its layers contain each other, more than 8 deep',
    ],
    [
      'eight ways to each of eight levels',
      (file) => {
        let place = '/layers';
        file.create_group('layers');
        for (let i = 1; i < 8; i += 1) {
          layer(file.get(place) as Group, 'a');
          for (const other of 'bcdefgh') file.create_hard_link(`${place}/a`, `${place}/${other}`);
          (file.get(`${place}/a`) as Group).create_group('layers');
          place = `${place}/a/layers`;
        }
        layer(file.get(place) as Group, 'a');
      },
      'it lists too many objects, or one of them many times',
    ],
    [
      'a layer that is listed again and again',
      (file) => {
        const weights = Array<string>(300).fill('w');
        file.create_attribute('layer_names', Array<string>(3000).fill('a'));
        const group = file.create_group('a');
        group.create_attribute('weight_names', weights);
        group.create_dataset({ name: 'w', data: Float32Array.of(1) });
      },
      'it lists too many objects, or one of them many times',
    ],
  ])('is refused soon: %s', async (_, write, problem) => {
    const started = performance.now();
    await expect(opened(write)).rejects.toThrow(problem);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('is refused when HDF5 itself goes round in circles with it', { timeout: 20_000 }, async () => {
    const bytes = await readFile('test/fixtures/keras/lenet.weights.h5');
    // A length in an object header.
    bytes.writeUInt32LE(0xffffffff, 2125);
    const place = path.join(await temporaryFolder(), 'endless.weights.h5');
    await writeFile(place, bytes);
    await expect(openKerasWeightFile(place)).rejects.toMatchObject({
      code: 'INVALID_WEIGHTS',
      message: expect.stringContaining('endless.weights.h5 cannot be used: it is damaged.') as string,
      cause: new Error('the HDF5 parser never finishes reading it'),
    });
  });
});

describe('a weight whose chunk is far larger than itself', () => {
  it('is refused before memory is taken', async () => {
    const file = await opened((made) => {
      const vars = made.create_group('layers').create_group('dense').create_group('vars');
      const chunks = [2 ** 13, 2 ** 13];
      vars.create_dataset({ name: '0', data: Float32Array.of(1, 2), shape: [1, 2], maxshape: [null, null], chunks, compression: 1 });
      vars.create_dataset({ name: '1', data: Float32Array.of(3, 4), shape: [1, 2], maxshape: [null, null], chunks: [64, 64], compression: 1 });
    });
    const [large, small] = file.layers[0]?.weights ?? [];
    await expect(large?.read()).rejects.toMatchObject({ code: 'INVALID_WEIGHTS', cause: new Error('/layers/dense/vars/0 has too large chunks') });
    expect([...((await small?.read()) ?? [])]).toEqual([3, 4]);
    file.close();
  });
}); // prettier-ignore

describe('an archive that is small, and large when it is unpacked', () => {
  it('is refused before memory is taken', async () => {
    // 700 kB of zeros, of which Deflate would make a thousandth.
    const archive = Buffer.from(zipSync({ 'model.weights.h5': new Uint8Array(700_000) }, { level: 0 }));
    const claimed = 500 * 2 ** 20;
    archive.writeUInt32LE(claimed, archive.lastIndexOf('PK\u0001\u0002') + 24);
    const file = path.join(await temporaryFolder(), 'zeros.keras');
    await writeFile(file, archive);
    await expect(withWeightFile(file, () => undefined)).rejects.toThrow(`its model.weights.h5 claims ${claimed} bytes`);
  });
});
