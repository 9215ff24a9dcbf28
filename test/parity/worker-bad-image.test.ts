import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';

import { beforeAll, describe, expect, it } from 'vitest';

import { startWorkers } from '../../src/distributed/start-workers.js';
import { scanImageDirectory } from '../../src/data/scan/scan-image-directory.js';
import { splitFiles } from '../../src/data/dataset/split-files.js';
import { exportTraining } from '../../src/distributed/export-training.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { hasPython, python } from '../helpers/python/python.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolder, temporaryFolderForAll } from '../helpers/temporary-folder.js';

let model: string;

beforeAll(async () => {
  const small = new SmallClassifier({ classNames: ['0', '1'], seed: 2 });
  const metrics = [accuracy as unknown as string];
  small.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics });
  model = path.join(await temporaryFolderForAll(), 'export');
  await exportTraining(small, model, { batchSize: 4, numEpochs: 1 });
  small.dispose();
});

describe.skipIf(!hasPython())('an image that only a decoder finds broken', () => {
  it.each([
    ['training', 1],
    ['training', 2],
    ['validation', 2],
  ] as const)('is named in the %s, by the one of %i workers that reads it', async (subset, workers) => {
    const folder = await temporaryFolder();
    const { train } = copyDigits(folder, { images: 12 });
    for (const name of readdirSync(train)) hostileNames(path.join(train, name));
    const split = { validationSplit: 0.2, seed: 42, subset };
    const broken = splitFiles(await scanImageDirectory(train), split).files[1]?.path ?? '';
    breakPixels(broken);
    // Sizes and checksums are right: nobody knows before it is decoded.
    expect((await scanImageDirectory(train)).problems).toEqual([]);
    const output = path.join(folder, 'output');
    const endings = await (await startWorkers({ python, model, data: train, output, workers })).done;
    expect(endings.map(({ code }) => code)).toEqual(endings.map(() => 1));
    const words = endings.flatMap(({ lines }) => lines).filter((line) => line.includes('does not decode'));
    const name = broken.replace('\n', String.raw`\n`).replace('\u001b', String.raw`\x1b`);
    expect(words).toEqual([expect.stringContaining(`'${name}' does not decode: remove or replace it, and start again.`)]);
    // Nothing is made of the name, and nothing of a training that never came to an epoch.
    expect(readdirSync(folder).sort()).toEqual(['test', 'train']);
  });
}); // prettier-ignore

function hostileNames(folder: string): void {
  for (const name of readdirSync(folder))
    renameSync(path.join(folder, name), path.join(folder, `a\n\u001b[31m${name}`));
}

/** Makes other bytes of what is compressed in a PNG, with a checksum that is right. */
function breakPixels(file: string): void {
  const bytes = readFileSync(file);
  const type = bytes.indexOf('IDAT');
  const end = type + 4 + bytes.readUInt32BE(type - 4);
  bytes.fill(0xff, type + 8, end);
  bytes.writeUInt32BE(crc32(bytes.subarray(type, end)), end);
  writeFileSync(file, bytes);
}
