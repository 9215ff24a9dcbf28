import path from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import { parseAugmentation } from '../../../src/commands/shared/parse-augmentation.js';
import { previewAugmentation } from '../../../src/commands/preview-augmentation/run.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { completeTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import { TrainingData } from '../../../src/commands/train-model/training-data.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { fit } from '../../../src/training/fit.js';
import { sparseCategoricalCrossentropy } from '../../../src/training/losses.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import { runCommandLine } from '../../helpers/run-command-line.js';
import { runInProcess } from '../../helpers/run-in-process.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const augment = 'rotation=0.1,brightness=0.2,mixup=1';
const common = { modelType: 'LenetModel', batchSize: 5, seed: 7 } as const;

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder);
});

/** The picture in a row and column of a sheet of digits of 112 x 112 pixels, which are 28 x 28 made larger. */
async function cell(file: string, row: number, column: number): Promise<number[]> {
  const place = { left: 4 + column * 116 + (column > 0 ? 8 : 0), top: 4 + row * 116, width: 112, height: 112 };
  const picture = sharp(file).extract(place).removeAlpha().toColourspace('srgb');
  return Array.from(
    await sharp(await picture.png().toBuffer())
      .resize(28, 28, { kernel: 'nearest' })
      .raw()
      .toBuffer(),
  );
}

/** What the first step of a training gets, seen by its loss. */
async function firstBatchOfTraining(): Promise<number[][]> {
  const { train: trainDatasetPath, test: testDatasetPath } = digits;
  const options = { ...common, cache: 0, trainDatasetPath, testDatasetPath };
  const data = await TrainingData.scan(completeTrainModelOptions(options));
  const model = new LenetModel({ classNames: data.set.classNames, seed: 7 });
  const train = await data.openTraining(model.imageSize);
  const seen: number[][][] = [];
  const loss = (labels: tf.Tensor, logits: tf.Tensor) => sparseCategoricalCrossentropy(labels, logits);
  const look = new Looking(seen);
  const body = tf.sequential({ layers: [look, tf.layers.flatten(), tf.layers.dense({ units: 2 })] });
  body.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss });
  const augmentation = parseAugmentation(augment, { imageSize: model.imageSize, seed: common.seed });
  await fit(body, train, { epochs: 1, batchesPerEpoch: 1, jit: 'off', augmentation });
  data.dispose();
  return seen[0] ?? [];
}

/** A layer that keeps what goes through it. */
class Looking extends tf.layers.Layer {
  static readonly className = 'Looking';

  constructor(private readonly seen: number[][][]) {
    super({ batchInputShape: [null, 28, 28, 3] });
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const input = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
    this.seen.push(tf.tidy(() => tf.reshape<tf.Rank.R2>(input, [input.shape[0], -1]).arraySync()));
    return input.clone();
  }
}

describe('preview-augmentation', () => {
  it('draws what the first step of a training with the same options gets', async () => {
    const output = path.join(folder, 'sheet.png');
    const options = { ...common, trainDatasetPath: digits.train, augment, output, images: 3, steps: 2 };
    const preview = await previewAugmentation(options);
    expect(preview).toMatchObject({ output, steps: 2, imageSize: [28, 28] });
    expect(preview.classNames).toHaveLength(3);
    expect(await sharp(output).metadata()).toMatchObject({
      format: 'png',
      width: 3 * 116 + 4 + 8,
      height: 3 * 116 + 4,
    });
    const batch = await firstBatchOfTraining();
    for (const row of [0, 1, 2]) {
      const drawn = await cell(output, row, 1);
      expect(Math.max(...drawn.map((value, i) => Math.abs(value - (batch[row]?.[i] ?? NaN))))).toBeLessThan(0.51);
      expect(drawn).not.toEqual(await cell(output, row, 0));
      expect(drawn).not.toEqual(await cell(output, row, 2));
    }
  });

  it('says what it drew, and what is wrong with its flags', async () => {
    const output = path.join(folder, 'by-command.png');
    const args = ['--train-dataset-path', digits.train, '--model-type', 'LenetModel', '--output', output];
    const { code, stdout, stderr } = await runCommandLine('preview-augmentation', [...args, '--augment', 'flip']);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /by-command\.png: 8 images of 28 x 28 pixels, as they are and in 8 steps\nfrom the top: [01](, [01]){7}\n$/,
    );
    const wrong = await runInProcess('preview-augmentation', [...args, '--augment', 'flip=up']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toBe(
      'preview-augmentation: --augment flip=up: expected one of horizontal, vertical, both. Received: up.\nSee preview-augmentation --help\n',
    );
    const nowhere = await runInProcess('preview-augmentation', [
      ...args.slice(0, -1),
      path.join(folder, 'no', 'sheet.png'),
      ...['--augment', 'flip'],
    ]);
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain('Cannot write ');
  });
});
