import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it, vi } from 'vitest';

import { evalModel } from '../../../src/commands/eval-model/run.js';
import { resumeTraining } from '../../../src/commands/train-model/resume-training.js';
import { trainModel } from '../../../src/commands/train-model/run.js';
import { completeTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import { TrainingData } from '../../../src/commands/train-model/training-data.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { runInProcess } from '../../helpers/run-in-process.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;
/** The training and the test images of classes 0 to 2, below the folder. */
let images: { readonly train: string[]; readonly test: string[] };
const inFolder = (...names: string[]) => path.join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 8 });
  const below = (half: string) => [0, 1, 2].flatMap((digit) => readdirSync(inFolder(half, String(digit))).map((name) => `${half}/${digit}/${name}`)); // prettier-ignore
  images = { train: below('train'), test: below('test') };
});

const classOf = (file: string) => `digit ${file.split('/')[1]}`;

function list(name: string, rows: readonly (readonly string[])[], header = 'path,label'): string {
  writeFileSync(inFolder(name), `${[header.split(','), ...rows].map((row) => row.join(',')).join('\n')}\n`);
  return inFolder(name);
}

async function scanned(given: Parameters<typeof completeTrainModelOptions>[0]): Promise<TrainingData> {
  const muted = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return await TrainingData.scan(completeTrainModelOptions({ modelType: 'LenetModel', ...given }));
  } finally {
    muted.mockRestore();
  }
}

const namesOf = ({ files }: ImageScan) => files.map(({ path: file }) => path.relative(folder, file));

/** Names of the three parts. */
function partsOf(data: TrainingData): Record<'training' | 'validation' | 'test', string[]> {
  const [training, validation] = (['training', 'validation'] as const).map((subset) => namesOf(data.set.part(subset)));
  return { training: training ?? [], validation: validation ?? [], test: namesOf(data.testScan) };
}

describe('--dataset-path', () => {
  it('splits training, validation and test images by seed and class', async () => {
    const parts = partsOf(await scanned({ datasetPath: digits.train, seed: 5, testSplit: 0.25 }));
    const all = Object.values(parts).flat();
    expect([...all].sort()).toEqual([...images.train].sort());
    for (const digit of [0, 1, 2]) {
      const counts = Object.values(parts).map(
        (part) => part.filter((file) => classOf(file) === `digit ${digit}`).length,
      );
      // A quarter of 8, then a fifth of 6, of 18 in all rounded down.
      expect(counts).toEqual([5, 1, 2]);
    }
    expect(partsOf(await scanned({ datasetPath: digits.train, seed: 5, testSplit: 0.25 }))).toEqual(parts);
    const other = partsOf(await scanned({ datasetPath: digits.train, seed: 6, testSplit: 0.25 }));
    expect(other.test).not.toEqual(parts.test);
  });

  it('may be given as a word, trains, and leaves a list of its test images for eval-model', async () => {
    const args = ['--model-type', 'LenetModel', '--model-folder-path', inFolder('models'), '--num-epochs', '1', '--jit', 'off']; // prettier-ignore
    const { code, stdout } = await runInProcess('train-model', [digits.train, ...args]);
    expect(code).toBe(0);
    const testList = inFolder('models/LenetModel/1/assets.extra/test-images.jsonl');
    expect(stdout).toContain(`eval-model -- --test-list ${testList} --model-path ${inFolder('models/LenetModel/1')}`);
    const lines = readFileSync(testList, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(4);
    const [, accuracy] = /test accuracy +([\d.]+)/.exec(stdout) ?? [];
    const evaluated = await evalModel({ testList, modelPath: inFolder('models/LenetModel/1') });
    expect(evaluated.signatures.serving_bytes).toMatchObject({ images: 4, accuracy: Number(accuracy) });
    const report = readFileSync(inFolder('models/LenetModel/1/assets.extra/report/report.html'), 'utf8');
    expect(report).toContain(`${digits.train}, others: 4 images`);
  });

  it.each([
    [['a', 'b'], 'Unknown argument: b. Expected: one DIR.'],
    [['a', '--dataset-path', 'b'], 'Give DIR or --dataset-path. Received: both.'],
    [['a', '--train-list', 'b'], 'Give one of --dataset-path, --train-dataset-path and --train-list.'],
    [['a', '--test-list', 'b'], 'The test set is split off --dataset-path'],
    [
      ['--train-dataset-path', 'a'],
      '--test-dataset-path or --test-list or --dataset-path or --train-list is required.',
    ],
    [[], '--train-dataset-path or --dataset-path or --train-list is required.'],
    [['--train-list', 'a', '--test-list', 'b', '--test-split', '0.5'], '--test-split makes the test set of the images'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runInProcess('train-model', args);
    expect([code, stderr.includes(message) || stderr]).toEqual([2, true]);
  });
});

describe('--train-list', () => {
  it('takes labels from the list, whatever the folders are', async () => {
    const rows = images.train.map((file, i) => [file, i % 2 === 0 ? 'even' : 'odd']);
    const test = images.test.map((file) => [file, 'odd']);
    const data = await scanned({ trainList: list('train.csv', rows), testList: list('test.csv', test) });
    expect(data.set.classNames).toEqual(['even', 'odd']);
    const { training, validation } = partsOf(data);
    expect([...training, ...validation].sort()).toEqual([...images.train].sort());
    expect(data.testScan.files.every(({ label }) => label === 1)).toBe(true);
    expect(data.testScan.classNames).toEqual(['even', 'odd']);
  });

  it('takes the parts that a column names, and draws those that it does not', async () => {
    const splits = ['train', 'train', 'validation', 'test'];
    const rows = images.train.map((file, i) => [file, classOf(file), splits[i % 4] ?? '']);
    const trainList = list('parts.csv', rows, 'path,label,split');
    const wanted = (split: string) => rows.filter((row) => row[2] === split).map(([file]) => file ?? '').sort(); // prettier-ignore
    const data = await scanned({ trainList });
    expect(partsOf(data)).toEqual({
      training: wanted('train'),
      validation: wanted('validation'),
      test: wanted('test'),
    });
    expect(data.hasOwnTest).toBe(true);
    const separate = await scanned({ trainList, testList: list('other.csv', [[images.test[0] ?? '', 'digit 0']]) });
    expect(namesOf(separate.set.scan)).toEqual([...wanted('train'), ...wanted('validation')].sort());
    const drawn = list('no-test.csv', rows.filter((row) => row[2] !== 'test'), 'path,label,split'); // prettier-ignore
    const { validation, test, training } = partsOf(await scanned({ trainList: drawn, testSplit: 0.5 }));
    expect(validation).toEqual(wanted('validation'));
    expect([...training, ...test].sort()).toEqual(wanted('train'));
    expect(test).toHaveLength(6);
  });

  it('says which files cannot be used, with their lines, and which labels the training set does not have', async () => {
    writeFileSync(inFolder('broken.png'), 'no image');
    const rows = [['broken.png', 'digit 0'], ['gone.png', 'digit 1'], [images.train[0] ?? '', 'digit 0'], [images.train[9] ?? '', 'digit 1']]; // prettier-ignore
    const testList = list('t.csv', [[images.test[0] ?? '', 'digit 7']]);
    const trainList = list('bad.csv', rows);
    const error = await scanned({ trainList, testList }).catch((reason: unknown) => reason);
    expect(String(error).replaceAll(folder, 'FOLDER')).toMatchInlineSnapshot(`
      "SignetError: 2 files in FOLDER/bad.csv cannot be used.
      1 file is unreadable:
        FOLDER/gone.png cannot be read: no such file or directory (line 3 of the list)
      1 file is of an unsupported format (supported are JPEG, PNG, GIF, BMP, WebP, AVIF and TIFF):
        FOLDER/broken.png is text (line 2 of the list)
      Repair or remove them, or continue without them: --on-bad-image skip"
    `);
    await expect(scanned({ trainList, testList, onBadImage: 'skip' })).rejects.toThrow(/Unexpected: "digit 7"\./);
  });

  it('refuses a single class, and a test list without test images', async () => {
    const rows = images.train.slice(0, 4).map((file) => [file, 'one', 'train']);
    const trainList = list('single.csv', rows, 'path,label,split');
    await expect(scanned({ trainList })).rejects.toThrow('It needs at least two classes. Found: only "one".');
    const testList = trainList;
    const two = list('two.csv', images.train.map((file) => [file, classOf(file)])); // prettier-ignore
    await expect(scanned({ trainList: two, testList })).rejects.toThrow('its column split never says test');
  });

  it('trains and evaluates as a folder does', async () => {
    const common = { modelType: 'LenetModel', numEpochs: 2, batchSize: 4, jit: 'off', seed: 3 } as const;
    const rows = images.train.map((file) => [file, file.split('/')[1] ?? '']);
    const testList = list('same-test.csv', images.test.map((file) => [file, file.split('/')[1] ?? ''])); // prettier-ignore
    const byList = await trainModel({ ...common, trainList: list('same.csv', rows), testList, modelFolderPath: inFolder('by-list') }); // prettier-ignore
    const { train: trainDatasetPath, test: testDatasetPath } = digits;
    const byFolder = await trainModel({ ...common, trainDatasetPath, testDatasetPath, modelFolderPath: inFolder('by-folder') }); // prettier-ignore
    expect(byList.test?.accuracy).toBe(byFolder.test?.accuracy);
    expect(Math.abs((byList.test?.loss ?? NaN) - (byFolder.test?.loss ?? NaN))).toBeLessThan(1e-4);
    expect(existsSync(path.join(byList.directory, 'assets.extra', 'test-images.jsonl'))).toBe(false);
  });

  it('is resumed, unless its labels have changed', async () => {
    const rows = images.train.map((file) => [file, classOf(file)]);
    const trainList = list('resumed.csv', rows);
    const failing = inFolder('failing.mjs');
    writeFileSync(
      failing,
      "export default { onEpochBegin: (epoch) => { if (epoch === 1) throw new Error('no room'); } };",
    );
    writeFileSync(inFolder('working.mjs'), 'export default { onEpochEnd: () => undefined };');
    const modelFolderPath = inFolder('resumed');
    const options = { modelType: 'LenetModel', numEpochs: 2, jit: 'off', trainList, modelFolderPath } as const;
    await expect(trainModel({ ...options, callbacks: failing })).rejects.toThrow('no room');
    const resume = () => resumeTraining({ modelFolderPath, callbacks: inFolder('working.mjs') });
    list('resumed.csv', rows.map(([file = '', label = ''], i) => [file, i === 0 ? 'digit 2' : label])); // prettier-ignore
    await expect(resume()).rejects.toThrow('resumed.csv are not those that the training in');
    list('resumed.csv', rows);
    expect(await resume()).toMatchObject({ epochs: 2, interrupted: false });
  });
});
