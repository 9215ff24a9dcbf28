import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { imageDatasetFromDirectory } from '../../../src/data/dataset/image-dataset-from-directory.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { BackupAndRestore } from '../../../src/training/callbacks/backup-and-restore.js';
import { CSVLogger } from '../../../src/training/callbacks/csv-logger.js';
import { EarlyStopping } from '../../../src/training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../../../src/training/callbacks/model-checkpoint.js';
import { ReduceLROnPlateau } from '../../../src/training/callbacks/reduce-lr-on-plateau.js';
import { fit } from '../../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../../src/training/losses.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { Callback, type CallbackLike, type Logs } from '../../../src/training/callbacks/callback.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { droppingModel, Lines, ScriptedLogs, tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** Does something after a batch, counted from 0 over all epochs of this training. */
class AfterBatch extends Callback {
  #batches = 0;

  constructor(
    private readonly batch: number,
    private readonly action: (model: tf.LayersModel) => void,
  ) {
    super();
  }

  override onBatchEnd(): void {
    if (this.#batches === this.batch) this.action(this.model);
    this.#batches += 1;
  }
}

/** Does something when an epoch has ended. */
class AfterEpoch extends Callback {
  constructor(
    private readonly epoch: number,
    private readonly action: () => void,
  ) {
    super();
  }

  override onEpochEnd(epoch: number): void {
    if (this.epoch === epoch) this.action();
  }
}

const fail = () => {
  throw new Error('power failure');
};
const stop = (model: tf.LayersModel) => {
  model.stopTraining = true;
};
const digestOf = (weights: number[][]) => createHash('sha256').update(JSON.stringify(weights)).digest('hex');
const weightsOf = (model: tf.LayersModel) => model.getWeights().map((weight) => Array.from(weight.dataSync()));

describe('BackupAndRestore', () => {
  it.each([
    ['after epochs, through a failure', 'epoch', fail],
    ['after batches, through a failure', 7, fail],
    ['when it is stopped within an epoch', 'epoch', stop],
  ] as const)('goes on to the same weights: %s', async (_, saveFreq, interrupt) => {
    const { train: images } = copyDigits(await temporaryFolder(), { classes: 5, images: 28 });
    const split = { imageSize: [28, 28], seed: 4, batchSize: 16 } as const;
    const train = async (backup: string, others: CallbackLike[], deleteCheckpoint: boolean) => {
      const dataset = await imageDatasetFromDirectory(images, split);
      const model = new LenetModel({ classNames: dataset.classNames, seed: 4 });
      model.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
      const csv = new CSVLogger();
      const plateau = new ReduceLROnPlateau({ monitor: 'loss', mode: 'max', patience: 2, factor: 0.5 });
      const backups = new BackupAndRestore(backup, { saveFreq, deleteCheckpoint });
      const callbacks = [...others, csv, plateau, backups];
      const history = await fit(model, dataset, { epochs: 4, callbacks }).catch(() => null);
      dataset.dispose();
      return { weights: weightsOf(model), csv: csv.text, epochs: history?.epoch, resumedAt: backups.resumedAt };
    };
    const whole = await train(path.join(await temporaryFolder(), 'a'), [], true);
    const backup = path.join(await temporaryFolder(), 'b');
    const batches = Math.ceil((5 * 28) / split.batchSize);
    await train(backup, [new AfterBatch(2 * batches + 4, interrupt)], false);
    const resumed = await train(backup, [], true);
    expect(resumed.csv).toBe(whole.csv);
    // Not the numbers themselves: their difference would be printed for minutes.
    expect(digestOf(resumed.weights)).toBe(digestOf(whole.weights));
    expect(resumed.epochs?.at(-1)).toBe(3);
    // Seven batches may end in the epoch before.
    const done = 2 * batches + 5;
    const kept = saveFreq === 'epoch' ? (interrupt === stop ? done : 2 * batches) : done - 1 - ((done - 1) % saveFreq);
    expect(resumed.resumedAt).toEqual({ epoch: Math.floor(kept / batches), batch: kept % batches });
    expect(existsSync(backup)).toBe(false);
  });

  it.each([
    [1, { epoch: 0, batch: 2 }],
    [2, { epoch: 0, batch: 3 }],
    [3, { epoch: 1, batch: 0 }],
    [4, { epoch: 1, batch: 2 }],
    [5, { epoch: 1, batch: 3 }],
  ])(
    'resumes within the epoch when it was stopped while the backup of batch %i was being written',
    async (batch, position) => {
      const train = async (backup: string, others: CallbackLike[]) => {
        const csv = new CSVLogger();
        const backups = new BackupAndRestore(backup, { saveSteps: 1, deleteCheckpoint: false });
        const model = tinyModel(new Adam({ learningRate: 0.1 }));
        const callbacks = [...others, csv, backups];
        await fit(model, tinyDataset(3), { epochs: 2, validationData: tinyDataset(1), callbacks, jit: 'off' });
        return { weights: weightsOf(model), csv: csv.text, resumedAt: backups.resumedAt };
      };
      const { resumedAt, ...whole } = await train(path.join(await temporaryFolder(), 'a'), []);
      expect(resumedAt).toBeNull();
      const backup = path.join(await temporaryFolder(), 'b');
      const asksSoon = (model: tf.LayersModel) => setImmediate(() => stop(model));
      await train(backup, [new AfterBatch(batch - 1, asksSoon)]);
      const resumed = await train(backup, []);
      expect(resumed).toMatchObject(whole);
      // One batch comes after it, or the validation.
      expect(resumed.resumedAt).toEqual(position);
    },
  );

  it.each(['graph', 'off'] as const)('goes on to draw what it would have drawn: jit %s', async (jit) => {
    const train = async (backup: string, others: CallbackLike[]) => {
      const model = droppingModel();
      const callbacks = [...others, new BackupAndRestore(backup, { saveFreq: 3 })];
      const history = await fit(model, tinyDataset(4), { epochs: 3, callbacks, jit }).catch(() => null);
      return { weights: weightsOf(model), epochs: history?.epoch };
    };
    const whole = await train(path.join(await temporaryFolder(), 'a'), []);
    const backup = path.join(await temporaryFolder(), 'b');
    await train(backup, [new AfterBatch(6, fail)]);
    const resumed = await train(backup, []);
    expect(resumed.epochs).toEqual([1, 2]);
    expect(resumed.weights).toEqual(whole.weights);
  });

  it('keeps what other callbacks remember, best weights included', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const run = async (losses: number[], others: CallbackLike[]) => {
      const stopping = new EarlyStopping({ monitor: 'loss', patience: 3, restoreBestWeights: true });
      const model = tinyModel(new Adam({ learningRate: 0.1 }));
      const backup = new BackupAndRestore(folder, { deleteCheckpoint: false });
      const callbacks = [new ScriptedLogs('loss', losses), stopping, ...others, backup];
      const history = await fit(model, tinyDataset(1), { epochs: 6, callbacks }).catch(() => null);
      return {
        epochs: history?.epoch,
        best: stopping.bestEpoch,
        stopped: stopping.stoppedEpoch,
        weights: weightsOf(model),
      };
    };
    await run([1, 2, 3], [new AfterBatch(3, fail)]);
    const resumed = await run([9, 9, 9, 4, 5, 6], []);
    expect(resumed).toMatchObject({ epochs: [3], best: 0, stopped: 3 });
    const oneEpoch = tinyModel(new Adam({ learningRate: 0.1 }));
    await fit(oneEpoch, tinyDataset(1), { epochs: 1 });
    expect(resumed.weights).toEqual(weightsOf(oneEpoch));
  });

  it('has nothing left to do where another callback had ended the training', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const run = async (others: CallbackLike[]) => {
      const stopping = new EarlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
      const model = tinyModel(new Adam({ learningRate: 0.1 }));
      const callbacks = [new ScriptedLogs('loss', [1, 2, 3, 0]), stopping, ...others, new BackupAndRestore(folder)];
      const history = await fit(model, tinyDataset(1), { epochs: 4, callbacks }).catch(() => null);
      return { epochs: history?.epoch, stopped: stopping.stoppedEpoch, weights: weightsOf(model) };
    };
    const failsAtTheEnd = new (class extends Callback {
      override async onTrainEnd(): Promise<void> {
        return Promise.reject(new Error('power failure'));
      }
    })();
    expect((await run([failsAtTheEnd])).epochs).toBeUndefined();
    const resumed = await run([]);
    expect(resumed).toMatchObject({ epochs: [], stopped: 2 });
    const oneEpoch = tinyModel(new Adam({ learningRate: 0.1 }));
    await fit(oneEpoch, tinyDataset(1), { epochs: 1 });
    expect(resumed.weights).toEqual(weightsOf(oneEpoch));
  });

  it('does not save a worse model than was there, when it goes on from before', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const run = async (losses: number[], others: CallbackLike[], initialValueThreshold?: number) => {
      const saved: number[] = [];
      const save = async (_: string, epoch: number) => Promise.resolve(saved.push(epoch));
      const threshold = initialValueThreshold === undefined ? {} : { initialValueThreshold };
      const checkpoint = new ModelCheckpoint('nowhere', { monitor: 'loss', saveBestOnly: true, save, ...threshold });
      const callbacks = [new ScriptedLogs('loss', losses), checkpoint, ...others, new BackupAndRestore(folder)];
      await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 4, callbacks }).catch(() => null);
      return { saved, count: checkpoint.saved };
    };
    // Fails after the third epoch's model was saved and before its backup.
    const fails = new AfterEpoch(2, fail);
    expect(await run([4, 3, 1], [fails])).toEqual({ saved: [0, 1, 2], count: 3 });
    expect(await run([9, 9, 2, 0.5], [], 1)).toEqual({ saved: [3], count: 3 });
  });

  it.each([
    ['so many batches', { saveSteps: 2 }, 8],
    ['so many seconds', { saveSeconds: 1e-9 }, 8],
    ['nothing else', {}, 6],
  ])('saves within an epoch after %s, beside every epoch', async (_, within, batches) => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const callbacks = [new AfterBatch(8, fail), new BackupAndRestore(folder, within)];
    await fit(tinyModel(new Adam()), tinyDataset(3), { epochs: 4, callbacks }).catch(() => null);
    const text = await readFile(path.join(folder, 'training_metadata.json'), 'utf8');
    const { epoch, batch } = JSON.parse(text) as Record<'epoch' | 'batch', number>;
    expect(epoch * 3 + batch).toBe(batches);
  });

  it('says where it goes on, and begins anew once a training has ended', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const run = async (others: CallbackLike[]) => {
      const said = new Lines();
      const callbacks = [...others, new BackupAndRestore(folder, { verbose: 1, stream: said })];
      await fit(tinyModel(new Adam()), tinyDataset(3), { epochs: 2, callbacks }).catch(() => null);
      return said.text;
    };
    expect(await run([new AfterBatch(4, fail)])).toBe('');
    expect((await readdir(folder)).sort()).toEqual([
      'state-1.data-00000-of-00001',
      'state-1.index',
      'training_metadata.json',
    ]);
    expect(await run([])).toBe(`BackupAndRestore: resuming ${folder} at epoch 2, batch 1\n`);
    expect(await run([])).toBe('');
  });

  it('does not keep weights whose loss is not a number', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const toNaN = new (class extends Callback {
      override onBatchEnd(batch: number, logs: Logs): void {
        if (batch === 1) logs.loss = NaN;
      }
    })();
    const callbacks = [toNaN, new BackupAndRestore(folder, { saveFreq: 1, deleteCheckpoint: false })];
    await fit(tinyModel(new Adam()), tinyDataset(2), { epochs: 1, callbacks });
    const metadata = JSON.parse(await readFile(path.join(folder, 'training_metadata.json'), 'utf8')) as object;
    expect(metadata).toMatchObject({ epoch: 0, batch: 1 });
  });

  it('has as many tensors after a training as before', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const model = tinyModel(new Adam());
    const run = (deleteCheckpoint: boolean, epochs: number) => {
      const stopping = new EarlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true });
      const callbacks = [stopping, new BackupAndRestore(folder, { deleteCheckpoint })];
      return fit(model, tinyDataset(1), { epochs, callbacks });
    };
    await run(false, 1);
    await run(false, 2);
    const before = tf.memory().numTensors;
    await run(true, 3);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says what is wrong with a backup of another training, and changes nothing', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const backup = () => [new BackupAndRestore(folder, { deleteCheckpoint: false })];
    await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks: backup() });
    const bigger = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3] })] });
    bigger.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy });
    const before = weightsOf(bigger);
    await expect(fit(bigger, tinyDataset(1), { epochs: 1, callbacks: backup() })).rejects.toThrow(
      `Cannot resume the training in ${folder}: weights/000000 is float32[3, 3] in this model. Received: [3, 2]. ` +
        'Remove the folder to start again.',
    );
    expect(weightsOf(bigger)).toEqual(before);
    const adam = backup();
    await expect(fit(tinyModel(tf.train.adam(0.1)), tinyDataset(1), { epochs: 1, callbacks: adam })).rejects.toThrow(
      /^BackupAndRestore needs an optimizer of Signet/,
    );
  });

  it.each([
    [
      'training_metadata.json',
      '{"format": 2',
      /training_metadata\.json cannot be used: it is not JSON: .*\. Remove the folder to start again\.$/,
    ],
    [
      'training_metadata.json',
      '{"format": 7}',
      /training_metadata\.json cannot be used: format: expected 2, received 7; state is missing/,
    ],
    [
      'training_metadata.json',
      '{"format": 2, "state": "../x", "epoch": 1}',
      /state: expected a number, received "\.\.\/x"; batch is missing; session is missing; 2 more\./,
    ],
    [
      'training_metadata.json',
      '{"format":2,"state":9,"epoch":1,"batch":0,"session":{"totals":null,"step":null,"data":null,"validationData":null},"optimizer":"Adam","callbacks":[]}',
      /state-9\.index is missing/,
    ],
    ['state-1.data-00000-of-00001', null, /state-1\.data-00000-of-00001 .*damaged/],
  ])('says what is wrong with a damaged backup: %s %s', async (name, content, message) => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const run = () => {
      const callbacks = [new BackupAndRestore(folder, { deleteCheckpoint: false })];
      return fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks });
    };
    await run();
    if (content === null) await truncate(path.join(folder, name), 10);
    else await writeFile(path.join(folder, name), content);
    await expect(run()).rejects.toThrow(message);
  });

  it.each([null, {}, { seen: 'four', sums: {} }, { seen: 4, sums: null }, { seen: 4, sums: { loss: 'low' } }])(
    'says that the sums over a resumed epoch are damaged: %j',
    async (totals) => {
      const folder = path.join(await temporaryFolder(), 'backup');
      const run = () => {
        const callbacks = [new BackupAndRestore(folder, { deleteCheckpoint: false })];
        return fit(tinyModel(new Adam()), tinyDataset(), { epochs: 2, callbacks });
      };
      await run();
      const file = path.join(folder, 'training_metadata.json');
      const metadata = JSON.parse(await readFile(file, 'utf8')) as { session: object };
      await writeFile(
        file,
        JSON.stringify({ ...metadata, epoch: 1, batch: 1, session: { ...metadata.session, totals } }),
      );
      await expect(run()).rejects.toThrow(
        expect.objectContaining({
          code: 'INVALID_TRAINING_STATE',
          message: expect.stringContaining('The backup lacks the sums over its epoch') as string,
        }),
      );
    },
  );

  it('stands last', async () => {
    const callbacks = [new BackupAndRestore(path.join(await temporaryFolder(), 'backup')), new CSVLogger()];
    await expect(fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks })).rejects.toThrow(
      'BackupAndRestore is the last of the callbacks that `fit` is given',
    );
  });
});
