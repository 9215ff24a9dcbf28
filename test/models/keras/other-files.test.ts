import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { zipSync } from 'fflate';
import h5, { type Group } from 'h5wasm/node';
import { describe, expect, it } from 'vitest';

import { openKerasWeightFile } from '../../../src/models/keras/keras-weight-file.js';
import { withUnpackedWeights } from '../../../src/models/keras/unpack-keras-archive.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** A weight file of Keras 3 with one layer, whose second variable is what `link` makes of it. */
async function hostile(link: (vars: Group, secret: string) => void): Promise<string> {
  await h5.ready;
  const folder = await temporaryFolder();
  const secret = path.join(folder, 'secret.h5');
  const other = new h5.File(secret, 'w');
  other.create_dataset({ name: 'secret', data: Float32Array.of(42, 43) });
  other.close();
  const file = path.join(folder, 'evil.weights.h5');
  const weights = new h5.File(file, 'w');
  const vars = weights.create_group('layers').create_group('dense').create_group('vars');
  vars.create_dataset({ name: '0', data: Float32Array.of(1, 2) });
  link(vars, secret);
  weights.close();
  return file;
}

describe('a weight file', () => {
  it('gives its own values', async () => {
    const file = await openKerasWeightFile(await hostile(() => undefined));
    expect(file.layers.map(({ name }) => name)).toEqual(['dense']);
    expect([...((await file.layers[0]?.weights[0]?.read()) ?? [])]).toEqual([1, 2]);
    file.close();
  });

  it.each<[string, (vars: Group, secret: string) => void]>([
    ['the whole path', (vars, secret) => void vars.create_external_link(secret, '/secret', '1')],
    ['its name beside it', (vars) => void vars.create_external_link('secret.h5', '/secret', '1')],
    ['a path that goes up', (vars, secret) => void vars.create_external_link(`../${path.basename(path.dirname(secret))}/secret.h5`, '/secret', '1')],
  ])('reads no other file, by %s', async (_, link) => {
    await expect(openKerasWeightFile(await hostile(link))).rejects.toMatchObject({ code: 'INVALID_WEIGHTS' });
  }); // prettier-ignore

  it('in an archive is inflated once', async () => {
    const file = path.join(await temporaryFolder(), 'evil.keras');
    const zip = zipSync({ 'model.weights.h5': new Uint8Array(2 ** 20) });
    await writeFile(file, listedAgain(zip, 800));
    const started = performance.now();
    const opening = withUnpackedWeights(file, () => Promise.resolve());
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_WEIGHTS' });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it.each<[what: string, zip: () => Uint8Array]>([
    ['other members that name the same bytes', () => renamed(listedAgain(zipSync({ 'model.weights.h5': new Uint8Array(2 ** 20) }), 400))],
    [
      'a member that is larger than it says',
      () => {
        const zip = Buffer.from(zipSync({ 'model.weights.h5': new Uint8Array(2 ** 26) }));
        // Its size, in its own head and in the directory.
        zip.writeUInt32LE(100, 22);
        zip.writeUInt32LE(100, zip.indexOf('PK\x01\x02', 0, 'latin1') + 24);
        return zip;
      },
    ],
  ])('in an archive costs what its own size allows: %s', async (_, zip) => {
    const file = path.join(await temporaryFolder(), 'evil.keras');
    await writeFile(file, zip());
    const started = performance.now();
    const opening = withUnpackedWeights(file, openKerasWeightFile);
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_WEIGHTS' });
    expect(performance.now() - started).toBeLessThan(5000);
  }); // prettier-ignore
});

/** Gives every entry of an archive's directory but the first another name. */
function renamed(zip: Uint8Array): Uint8Array {
  const bytes = Buffer.from(zip);
  const first = bytes.indexOf('PK\x01\x02', 0, 'latin1');
  for (let at = first; (at = bytes.indexOf('PK\x01\x02', at + 4, 'latin1')) !== -1;) bytes.write('x', at + 46);
  return bytes;
}

/** The archive with its only member so often in its directory. */
function listedAgain(zip: Uint8Array, times: number): Uint8Array {
  const bytes = Buffer.from(zip);
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const start = bytes.readUInt32LE(end + 16);
  const entry = bytes.subarray(start, end);
  const tail = Buffer.from(bytes.subarray(end));
  tail.writeUInt16LE(times, 8);
  tail.writeUInt16LE(times, 10);
  tail.writeUInt32LE(entry.length * times, 12);
  return Buffer.concat([bytes.subarray(0, start), ...Array<Buffer>(times).fill(entry), tail]);
}
