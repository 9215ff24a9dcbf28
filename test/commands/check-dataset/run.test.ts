import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { checkDatasetText } from '../../../src/commands/check-dataset/print.js';
import { checkDataset } from '../../../src/commands/check-dataset/run.js';
import { completeOptions } from '../../../src/commands/shared/flag-table.js';
import { trainModelCommand } from '../../../src/commands/train-model/flags.js';
import { TrainingData } from '../../../src/commands/train-model/training-data.js';
import { randomPicture } from '../../helpers/data/random-pictures.js';
import { SmallClassifier } from '../../helpers/models/small-classifier.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let data = '';
let model = '';

const sets = () => ({ trainDatasetPath: path.join(data, 'train'), testDatasetPath: path.join(data, 'test') });

/** Eight pictures per class; one of them in both classes, one saved again within a class, one mirrored in the test set, and one that is white. */
beforeAll(async () => {
  data = await temporaryFolderForAll();
  const write = (file: string, content: Buffer) => {
    mkdirSync(path.dirname(path.join(data, file)), { recursive: true });
    writeFileSync(path.join(data, file), content);
  };
  for (let i = 0; i < 16; i += 1) write(`train/${i % 2 === 0 ? 'cat' : 'dog'}/${i}.png`, await randomPicture(i));
  write('test/cat/100.png', await randomPicture(100));
  write('test/dog/101.png', await randomPicture(101));
  write('train/dog/also-cat.png', await randomPicture(2));
  write('train/cat/again.jpg', await sharp(await randomPicture(4)).jpeg({ quality: 60 }).toBuffer()); // prettier-ignore
  write('test/dog/mirrored.png', await sharp(await randomPicture(5)).flop().png().toBuffer()); // prettier-ignore
  write('train/cat/white.png', await sharp({ create: { width: 96, height: 80, channels: 3, background: 'white' } }).png().toBuffer()); // prettier-ignore
  model = path.join(data, 'model', '1');
  const classifier = new SmallClassifier({ classNames: ['cat', 'dog'], seed: 1 });
  await classifier.save(model);
  classifier.dispose();
});

afterEach(() => vi.restoreAllMocks());

function quietly(): string[] {
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  return written;
}

const within = (text: string) => text.replaceAll(data, 'DATA');

describe('check-dataset', () => {
  it('finds by pixels what is there twice, and what shows nothing', async () => {
    quietly();
    const result = await checkDataset({ ...sets(), features: false });
    expect(within(checkDatasetText(result))).toMatchInlineSnapshot(`
      "
      1 test picture is in the training set too: accuracy on it says nothing about new pictures.
      1 picture is in two classes: at most one label is right.
      1 picture is repeated in one class.
      1 picture is of one colour.
      Few images: "cat" has 10 in the training set, "dog" has 9 in the training set, "cat" has 1 in the test set, "dog" has 2 in the test set.

      test pictures in the training set:
        DATA/train/dog/5.png [dog] = DATA/test/dog/mirrored.png [test, dog] (mirrored)

      one picture in two classes:
        DATA/train/cat/2.png [cat] = DATA/train/dog/also-cat.png [dog] (same bytes)

      repeated pictures:
        DATA/train/cat/4.png [cat] = DATA/train/cat/again.jpg [cat] (nearly the same)

      pictures that stand out:
        DATA/train/cat/white.png [cat]: one colour, brightness 255 of 255 everywhere
      "
    `);
    expect(result.labels).toBeNull();
  });

  it('suspects labels by the features of a model, and writes a page and what to change, which a training takes', async () => {
    const written = quietly();
    const folder = await temporaryFolder();
    const [edits, page] = [path.join(folder, 'edits.jsonl'), path.join(folder, 'check.html')];
    const result = await checkDataset({ ...sets(), modelPath: model, write: edits, report: page });
    expect(result.features).toBe(model);
    expect(result.labels?.length).toBeGreaterThan(0);
    expect(readFileSync(page, 'utf8')).toContain('Test pictures in the training set');
    const lines = readFileSync(edits, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(lines.filter(({ action }) => action === 'exclude').map(({ set, path: file }) => `${String(set)} ${String(file)}`).sort()).toMatchInlineSnapshot(`
      [
        "training cat/2.png",
        "training cat/again.jpg",
        "training cat/white.png",
        "training dog/5.png",
        "training dog/also-cat.png",
      ]
    `); // prettier-ignore
    const { set } = await TrainingData.scan(completeOptions(trainModelCommand.flags, { ...sets(), exclude: edits }));
    expect(set.scan.files.map(({ path: file }) => path.basename(file))).not.toContain('white.png');
    expect(set.isChosen).toBe(true);
    expect(within(written.join(''))).toContain('images of DATA/train are left out: --exclude\n');
  });

  it('takes one way of comparing', async () => {
    quietly();
    await expect(checkDataset({ ...sets(), modelPath: model, features: false })).rejects.toThrow(
      /^--model-path says whose features are compared/,
    );
  });

  it('says in a training which images of a file are not there', async () => {
    const written = quietly();
    const relabel = path.join(await temporaryFolder(), 'edits.jsonl');
    writeFileSync(relabel, '{"action":"relabel","path":"cat/0.png","labels":["dog"]}\n{"action":"relabel","path":"cat/none.png","labels":["dog"]}\n'); // prettier-ignore
    const { set } = await TrainingData.scan(completeOptions(trainModelCommand.flags, { ...sets(), relabel }));
    expect(set.scan.files.find(({ path: file }) => file.endsWith('cat/0.png'))?.label).toBe(1);
    expect(within(written.join(''))).toContain('1 image of DATA/train has another label: --relabel\n  warning: 1 image to be changed is not in DATA/train: "cat/none.png"\n'); // prettier-ignore
  });
});
