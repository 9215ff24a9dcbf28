import { readFileSync, writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { ImageDataset } from '../../src/data/dataset/image-dataset.js';
import { scanImageDirectory } from '../../src/data/scan/scan-image-directory.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Digits, some of which are broken after they were scanned. */
async function brokenDigits(broken: number) {
  const folder = await temporaryFolder();
  const { train } = copyDigits(folder, { classes: 2, images: 10 });
  const scan = await scanImageDirectory(train);
  for (let i = 0; i < broken; i += 1) {
    const file = scan.files[i * 3]?.path ?? '';
    writeFileSync(file, readFileSync(file).fill(0xff, 60, 70));
  }
  return (cacheMebibytes: number) =>
    ImageDataset.create(scan, { imageSize: [28, 28], batchSize: 3, seed: 4, onBadImage: 'skip', cacheMebibytes });
}

/** Each batch as a sum of its pixels for every image, with the labels. */
async function* batchesOf(dataset: ImageDataset) {
  for await (const { xs, ys } of dataset.batches()) {
    const sums = xs.sum([1, 2, 3]);
    yield [...sums.dataSync(), ...ys.dataSync()];
    [xs, ys, sums].forEach((tensor) => tensor.dispose());
  }
}

async function epoch(dataset: ImageDataset): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of batchesOf(dataset)) batches.push(batch);
  return batches;
}

describe('an ImageDataset that is resumed', () => {
  it.each([
    { broken: 0, cache: 0 },
    { broken: 5, cache: 0 },
    { broken: 5, cache: 512 },
  ])('goes on within any epoch as it would have gone on: %o', async ({ broken, cache }) => {
    const create = await brokenDigits(broken);
    const whole = await create(cache);
    const epochs = [await epoch(whole), await epoch(whole), await epoch(whole)];
    expect(whole.skipped).toHaveLength(broken);
    for (const [number, batches] of epochs.slice(0, 2).entries()) {
      for (let done = 0; done <= batches.length; done += 2) {
        const interrupted = await create(cache);
        for (let i = 0; i < number; i += 1) await epoch(interrupted);
        const begun = batchesOf(interrupted);
        for (let i = 0; i < done; i += 1) await begun.next();
        const resumed = await create(cache);
        resumed.resume({ epoch: number, batch: done }, JSON.parse(JSON.stringify(interrupted.saveState())));
        expect(await epoch(resumed)).toEqual(batches.slice(done));
        expect(await epoch(resumed)).toEqual(epochs[number + 1]);
        expect(new Set(resumed.skipped)).toEqual(new Set(whole.skipped));
        [interrupted, resumed].forEach((dataset) => dataset.dispose());
      }
    }
    whole.dispose();
  });

  it('passes over what a state says that cannot be', async () => {
    const dataset = await (await brokenDigits(0))(0);
    const good = { position: 2, kind: 'corrupt', message: 'is broken', epoch: 0 };
    const state = [null, 7, { ...good, position: -1 }, { ...good, position: '../x' }, { ...good, epoch: 'x' }, good];
    dataset.resume({ epoch: 1, batch: 0 }, state);
    expect(dataset.skipped.map(({ message }) => message)).toEqual(['is broken']);
    expect(dataset.imageCount).toBe(19);
    dataset.dispose();
  });
});
