import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { compareModelsText } from '../../../src/commands/compare-models/print.js';
import { compareModels } from '../../../src/commands/compare-models/run.js';
import type { ImageClassifierOptions } from '../../../src/models/image-classifier-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { randomPicture } from '../../helpers/data/random-pictures.js';
import { SmallClassifier } from '../../helpers/models/small-classifier.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder = '';
const model = (name: string) => path.join(folder, 'models', name, '1');
const test = () => path.join(folder, 'test');

/** Saves an untrained model, with the arguments of a training. */
async function save(name: string, options: ImageClassifierOptions, args?: Readonly<Record<string, unknown>>) {
  const classifier = new SmallClassifier(options);
  await classifier.save(model(name));
  classifier.dispose();
  if (args) writeFileSync(path.join(model(name), 'assets.extra', 'arguments.json'), JSON.stringify(args));
}

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const classes = ['bird', 'cat', 'dog'];
  for (let i = 0; i < 12; i += 1) {
    const file = path.join(test(), classes[i % 3] ?? '', `${i}.png`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, await randomPicture(i));
  }
  const common = { learningRate: 0.001, modelType: 'SmallClassifier', modelFolderPath: 'a', seed: 1 };
  await save('old', { classNames: classes, seed: 1, withHeatmap: true }, common);
  await save('new', { classNames: ['dog', 'bird', 'cat'], seed: 3 }, { ...common, learningRate: 0.01, modelFolderPath: 'b', augment: 'flip' }); // prettier-ignore
  await save('fewer', { classNames: ['dog', 'cat'], seed: 3 });
  await save('several', { classNames: classes, seed: 1, multiLabel: true });
  await save('others', { classNames: ['cat', 'dog', 'elk'], seed: 2, multiLabel: true });
});

afterEach(() => vi.restoreAllMocks());

function quietly(): string[] {
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  return written;
}

/** Without what is measured. */
const shown = (text: string) =>
  text.replaceAll(folder, 'FOLDER').replaceAll(/^(ms per image|images\/s in batches|on disk) .*$/gm, '$1 …');

describe('compare-models', () => {
  it('says which of two models with classes in another order is better and what differs, and writes a page', async () => {
    quietly();
    const report = path.join(folder, 'comparison.html');
    const before = tf.memory().numTensors;
    const result = await compareModels({ modelPaths: [model('old'), model('new')], testDatasetPath: test(), report });
    expect(tf.memory().numTensors).toBe(before);
    expect(shown(compareModelsText(result))).toMatchInlineSnapshot(`
      "
      old/1 and new/1 over 12 images of FOLDER/test

                                      old/1             new/1              change
      accuracy                       0.3333            0.4167             +0.0833
        95 % interval      0.1381 to 0.6094  0.1933 to 0.6805  −0.3228 to +0.4656
      calibration error              0.0948            0.1656             +0.0708
      loss                           1.1332            1.2365             +0.1033
      ms per image …
      images/s in batches …
      weights                           837               837              × 1.00
      on disk …

      new/1 is right on 4 images that old/1 gets wrong, and wrong on 3 that old/1 gets right.
      That is not enough to call new/1 better: two equally good models would differ at least this much in 100.0 % of comparisons (McNemar's exact test).
      They give the same answer to 16.7 % of 12 images; 4 are wrong for both.

      classes that changed, by share of their images that is found:
      class  images   old/1   new/1   change
      bird        4  0.2500  1.0000  +0.7500
      cat         4  0.7500  0.0000  −0.7500
      dog         4  0.0000  0.2500  +0.2500

      images that got worse from old/1 to new/1 (3):
        FOLDER/test/cat/7.png [cat]: cat (46 %) → bird (57 %)
        FOLDER/test/cat/1.png [cat]: cat (46 %) → bird (48 %)
        FOLDER/test/cat/4.png [cat]: cat (42 %) → dog (45 %)

      images that got better (4):
        FOLDER/test/dog/8.png [dog]: cat (44 %) → dog (45 %)
        FOLDER/test/bird/6.png [bird]: cat (42 %) → bird (50 %)
        FOLDER/test/bird/9.png [bird]: cat (40 %) → bird (52 %)
        FOLDER/test/bird/0.png [bird]: cat (38 %) → bird (47 %)

      flags of train-model that differ:
      flag             old/1  new/1
      --learning-rate  0.001  0.01
      --augment        –      flip

      report: FOLDER/comparison.html
      "
    `);
    expect(result.models.every(({ millisecondsPerImage }) => millisecondsPerImage > 0)).toBe(true);
    // The page has the pictures, and where a model with heat maps saw its answer.
    const page = readFileSync(report, 'utf8');
    const { better, worse } = result.changed;
    const pictures = page.match(/<img /g) ?? [];
    expect(better.length + worse.length).toBeGreaterThan(0);
    expect(pictures).toHaveLength(2 * (better.length + worse.length));
    expect(page).toContain('what old/1 saw in it');
    expect(page).not.toContain('what new/1 saw in it');
    for (const { path: file } of [...better, ...worse]) expect(page).toContain(path.basename(file));
  });

  it('leaves aside images of classes that one model lacks', async () => {
    quietly();
    const { summary, images, leftAside } = await compareModels({
      modelPaths: [model('old'), model('fewer')],
      testDatasetPath: test(),
    });
    expect(images).toBe(8);
    expect(leftAside).toEqual([{ className: 'bird', images: 4 }]);
    expect(summary.at(-1)).toMatchInlineSnapshot(
      `"old/1 alone has the class "bird". 4 images of such classes are left out. An answer with such a class is a mistake here."`,
    );
  });

  it('compares multi-label models by the mean average precision of the classes that both have', async () => {
    quietly();
    const list = path.join(folder, 'list.csv');
    const lines = Array.from({ length: 12 }, (_, i) => {
      const [name, other] = [['bird', 'cat', 'dog'][i % 3] ?? '', i % 2];
      return `test/${name}/${i}.png,${Number(name === 'bird')},${Number(name === 'cat' || other === 1)},${Number(name === 'dog')}`;
    });
    writeFileSync(list, `path,bird,cat,dog\n${lines.join('\n')}\n`);
    const result = await compareModels({ modelPaths: [model('several'), model('others')], testList: list });
    expect(shown(compareModelsText(result))).toMatchInlineSnapshot(`
      "
      several/1 and others/1 over 12 images of FOLDER/list.csv

                                  several/1          others/1              change
      mAP                            0.5404            0.5187             −0.0217
      F1, mean of classes            0.4000            0.6184             +0.2184
      images all right               0.5000            0.1667             −0.3333
        95 % interval      0.2538 to 0.7462  0.0470 to 0.4480  −0.6781 to +0.1067
      loss                           0.6676            0.8428             +0.1752
      ms per image …
      images/s in batches …
      weights                           840               840              × 1.00
      on disk …

      others/1 is wrong in fewer classes than several/1 on 4 images, and in more on 8.
      That is not enough to call several/1 better: two equally good models would differ at least this much in 38.8 % of comparisons (sign test).
      They give the same answer to 0.0 % of 12 images; 0 have as many mistakes with both.
      several/1 alone has the class "bird". others/1 alone has the class "elk". 4 labels of such classes are left out. Only common classes are compared.

      classes that changed, by average precision:
      class  images  several/1  others/1   change
      cat         8     0.8243    0.7098  −0.1146
      dog         4     0.2565    0.3277  +0.0711

      images that got worse from several/1 to others/1 (8):
        FOLDER/test/cat/7.png [cat]: cat → dog
        FOLDER/test/bird/0.png [no class]: cat → cat, dog
        FOLDER/test/bird/3.png [cat]: cat → cat, dog
        FOLDER/test/bird/6.png [no class]: cat → cat, dog
        FOLDER/test/bird/9.png [cat]: cat → cat, dog
        FOLDER/test/cat/1.png [cat]: cat → cat, dog
        FOLDER/test/cat/10.png [cat]: cat → cat, dog
        FOLDER/test/cat/4.png [cat]: cat → cat, dog

      images that got better (4):
        FOLDER/test/dog/11.png [cat, dog]: cat → cat, dog
        FOLDER/test/dog/2.png [dog]: cat → cat, dog
        FOLDER/test/dog/5.png [cat, dog]: cat → cat, dog
        FOLDER/test/dog/8.png [dog]: cat → cat, dog

      The flags of their trainings cannot be compared: a model does not say how it was trained.
      "
    `);
  });

  it('takes the images that the first model was tested on in its training', async () => {
    const written = quietly();
    const line = { path: path.join(test(), 'cat/1.png'), label: 'cat' };
    writeFileSync(path.join(model('old'), 'assets.extra', 'test-images.jsonl'), `${JSON.stringify(line)}\n`);
    const { images } = await compareModels({ modelPaths: [model('old'), model('new')] });
    expect(images).toBe(1);
    expect(written.join('')).toContain('note: in their trainings, these models were tested on different split-off images'); // prettier-ignore
    await expect(compareModels({ modelPaths: [model('new'), model('old')] })).rejects.toThrow(
      /^--test-dataset-path or --test-list is required: the images that .*new\/1 was tested on in its training are not known, or not there any more\.$/,
    );
  });

  it.each([
    ['one model', ['old'], /^compare-models takes the directories of two versions, such as .*\. Received: 1\.$/],
    ['models of two kinds', ['old', 'several'], /^.*old\/1 gives each image one class, and .*several\/1 any number of classes: no figure is about both\. Compare models of one kind\.$/], // prettier-ignore
  ])('refuses %s', async (_, names, message) => {
    await expect(compareModels({ modelPaths: names.map(model), testDatasetPath: test() })).rejects.toThrow(message);
  });
});
