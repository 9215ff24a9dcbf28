import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { type ImageDataset } from '../../../src/data/dataset/image-dataset.js';
import {
  imageDatasetFromDirectory,
  type ImageDatasetFromDirectoryOptions,
} from '../../../src/data/dataset/image-dataset-from-directory.js';
import { BackboneModel, type BackboneOptions } from '../../../src/models/backbone-model.js';
import { applyLayers } from '../../../src/models/classifier/layer-calls.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { Augmentation } from '../../../src/training/augmentation/augmentation.js';
import { MixUp } from '../../../src/training/augmentation/mix-up.js';
import { RandomFlip } from '../../../src/training/augmentation/random-flip.js';
import { RandomRotation } from '../../../src/training/augmentation/random-rotation.js';
import { BackupAndRestore } from '../../../src/training/callbacks/backup-and-restore.js';
import { Callback } from '../../../src/training/callbacks/callback.js';
import { fit, type FitOptions } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

/** Two convolutions with batch normalization: compiled in an instant. */
class TinyBackboneModel extends BackboneModel {
  constructor(options: BackboneOptions) {
    const { conv2d, batchNormalization, reLU } = tf.layers;
    const block = (number: number) => [
      conv2d({ filters: 6, kernelSize: 3, useBias: false, name: `conv_${number}` }),
      batchNormalization({ name: `bn_${number}` }),
      reLU({ name: `relu_${number}` }),
    ];
    super(options, [12, 12], (images) => applyLayers([...block(1), ...block(2)], images));
  }
}

let digits: SmallDigits;

beforeAll(async () => {
  digits = copyDigits(await temporaryFolderForAll(), { classes: 2, images: 9 });
});

const datasets = async (options: ImageDatasetFromDirectoryOptions = {}) => ({
  train: await imageDatasetFromDirectory(digits.train, { batchSize: 5, seed: 3, ...options }),
  validation: await imageDatasetFromDirectory(digits.test, { batchSize: 5, shuffle: false, ...options }),
});

function make(options: Partial<BackboneOptions> = { freezeBackbone: true }): TinyBackboneModel {
  const model = new TinyBackboneModel({ classNames: ['0', '1'], seed: 1, ...options });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }) });
  return model;
}

interface Trained {
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly weights: readonly number[];
  readonly notes: readonly string[];
}

async function train(
  model: TinyBackboneModel,
  options: Partial<FitOptions<tf.TensorContainer>> & { readonly data?: ImageDatasetFromDirectoryOptions } = {},
): Promise<Trained> {
  const { data, ...given } = options;
  const { train: dataset, validation } = await datasets(data);
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const history = await fit(model, dataset, { epochs: 3, validationData: validation, onNote, ...given });
  const weights = model.getWeights().flatMap((weight) => [...weight.dataSync()]);
  const losses = history.history as Record<string, number[]>;
  [dataset, validation].forEach((each: ImageDataset) => each.dispose());
  model.dispose();
  return { history: losses, weights, notes };
}

function expectSame(actual: Trained, expected: Trained, digitsAfterPoint: number): void {
  const worst = actual.weights.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (expected.weights[i] ?? NaN))),
    0,
  );
  expect(worst).toBeLessThan(10 ** -digitsAfterPoint);
  for (const [name, values] of Object.entries(expected.history)) {
    values.forEach((value, i) => expect(actual.history[name]?.[i]).toBeCloseTo(value, digitsAfterPoint));
  }
}

describe('features that are computed once', () => {
  it.each([
    ['a frozen backbone', { freezeBackbone: true, dropout: 0.2 }],
    ['a part that is trained', { fineTuneFrom: 'conv_2', freezeBatchNormalization: true }],
  ])('give the losses and weights that the images give: %s', async (_case, options) => {
    const expected = await train(make(options), { featuresOnce: false });
    expect(expected.notes).toEqual([]);
    const actual = await train(make(options));
    expectSame(actual, expected, 5);
    expect(actual.notes.map((note) => note.replace(/in .*/, 'in ...'))).toEqual(['features of 18 images in ...', 'features of 18 images in ...']);
    const fromDisk = await train(make(options), { data: { cacheMebibytes: 0 } });
    expectSame(fromDisk, actual, 9);
    expect(fromDisk.notes[0]).toContain(', 18 of them on the disk');
  }); // prettier-ignore

  it('are the same bit for bit in a training that was interrupted', async () => {
    const expected = await train(make());
    const folder = path.join(await temporaryFolder(), 'backup');
    const backup = () => new BackupAndRestore(folder, { deleteCheckpoint: false });
    const interrupted = make();
    await train(interrupted, { callbacks: [new StopAt(1, 2), backup()] });
    // Other first weights: the frozen ones come from the backup.
    const resumed = await train(make({ freezeBackbone: true, seed: 2 }), { callbacks: [new StopAt(9, 9), backup()] });
    expect(resumed.weights).toEqual(expected.weights);
    expect(resumed.history.val_loss?.at(-1)).toBe(expected.history.val_loss?.at(-1));
  });

  it('are of some views of each image where it is augmented, in turn', async () => {
    const augmentation = new Augmentation([new RandomFlip(), new RandomRotation({ factor: 0.2 })], { seed: 7 });
    const views = { augmentation, featureViews: 2, epochs: 4 };
    const expected = await train(make(), views);
    expect(expected.notes.map((note) => note.replace(/ in .*/, ''))).toEqual([
      'features of 18 images, view 1 of 2,',
      'features of 18 images',
      'features of 18 images, view 2 of 2,',
    ]);
    expect((await train(make(), views)).weights).toEqual(expected.weights);
    const folder = path.join(await temporaryFolder(), 'backup');
    const backup = () => new BackupAndRestore(folder, { deleteCheckpoint: false });
    await train(make(), { ...views, callbacks: [new StopAt(1, 1), backup()] });
    const resumed = await train(make(), { ...views, callbacks: [new StopAt(9, 9), backup()] });
    expect(resumed.weights).toEqual(expected.weights);
    expect((await train(make(), { epochs: 4 })).weights).not.toEqual(expected.weights);
    const mixing = new Augmentation([new MixUp({ alpha: 0.2 })]);
    await expect(train(make(), { augmentation: mixing, featureViews: 2 })).rejects.toThrow('featureViews (--feature-views) augments each image by itself'); // prettier-ignore
    await expect(train(make(), { featureViews: 2 })).rejects.toThrow('is for images that are augmented');
  });

  it('stop before the first step, and begin again when the training is resumed', async () => {
    const expected = await train(make());
    const folder = path.join(await temporaryFolder(), 'backup');
    const backup = () => new BackupAndRestore(folder, { deleteCheckpoint: false });
    const stop = new (class extends StopAt {
      override onEpochBegin(): void {
        this.model.stopTraining = true;
      }
    })(9, 9);
    const stopped = await train(make(), { callbacks: [stop, backup()] });
    expect([stopped.history.loss, stopped.notes]).toEqual([undefined, []]);
    const resumed = await train(make(), { callbacks: [new StopAt(9, 9), backup()] });
    expect(resumed.weights).toEqual(expected.weights);
  });

  it('leave a callback its images', async () => {
    const { validation } = await datasets({ imageSize: [12, 12] });
    const evaluated: number[] = [];
    const model = make();
    const evaluate = new (class extends Callback {
      override async onEpochEnd(): Promise<void> {
        const [loss] = (await model.evaluateDataset(validation)) as tf.Scalar[];
        evaluated.push((await loss?.data())?.[0] ?? NaN);
      }
    })();
    const { history } = await train(model, { callbacks: [evaluate] });
    history.val_loss?.forEach((loss, i) => expect(evaluated[i]).toBeCloseTo(loss, 5));
    expect(evaluated).toHaveLength(3);
  });
});

/** Stops a training after a batch of an epoch, both from 0. */
class StopAt extends Callback {
  #epoch = 0;

  constructor(
    private readonly epoch: number,
    private readonly batch: number,
  ) {
    super();
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  override onBatchEnd(batch: number): void {
    if (this.#epoch === this.epoch && batch === this.batch) this.model.stopTraining = true;
  }
}
