import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { ModelCheckpoint, type ModelCheckpointOptions } from '../../../src/training/callbacks/model-checkpoint.js';
import { fit } from '../../../src/training/fit.js';
import { sparseCategoricalCrossentropy } from '../../../src/training/losses.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { Lines, ScriptedLogs, tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** Trains with made-up losses; what was saved, by name, and what was said. */
async function saveWith(losses: number[], pattern: string, options: ModelCheckpointOptions, batches = 1) {
  const folder = await temporaryFolder();
  const said = new Lines();
  const paths: string[] = [];
  const checkpoint = new ModelCheckpoint(path.join(folder, pattern), {
    monitor: 'loss',
    verbose: 1,
    stream: said,
    save: async (filepath) => {
      paths.push(path.basename(filepath));
      await mkdir(filepath, { recursive: true });
    },
    ...options,
  });
  const callbacks = [new ScriptedLogs('loss', losses), checkpoint];
  await fit(tinyModel(new Adam()), tinyDataset(batches), { epochs: losses.length, callbacks });
  return { folder, paths, checkpoint, said: said.text.replaceAll(`${folder}${path.sep}`, '') };
}

describe('ModelCheckpoint', () => {
  it('saves every epoch under a name made of the epoch and the logs', async () => {
    const { paths, said } = await saveWith([1.5, 0.25], '{epoch:02d}-{loss:.2f}', {});
    expect(paths).toEqual(['01-1.50', '02-0.25']);
    expect(said).toBe(
      'Epoch 1: saving model to 01-1.50\nEpoch 1: finished saving model to 01-1.50\n' +
        'Epoch 2: saving model to 02-0.25\nEpoch 2: finished saving model to 02-0.25\n',
    );
  });

  it('saves only what is better with saveBestOnly, in either direction', async () => {
    const { paths, said } = await saveWith([2, 3, 1], '{epoch}', { saveBestOnly: true });
    expect(paths).toEqual(['1', '3']);
    expect(said).toBe(
      'Epoch 1: loss improved from None to 2.00000, saving model to 1\nEpoch 1: finished saving model to 1\n' +
        'Epoch 2: loss did not improve from 2.00000\n' +
        'Epoch 3: loss improved from 2.00000 to 1.00000, saving model to 3\nEpoch 3: finished saving model to 3\n',
    );
    expect((await saveWith([2, 3, 1], '{epoch}', { saveBestOnly: true, mode: 'max' })).paths).toEqual(['1', '2']);
    expect((await saveWith([2, 3, 1], '{epoch}', { saveBestOnly: true, initialValueThreshold: 1.5 })).paths).toEqual([
      '3',
    ]);
  });

  it('saves every so many batches, counted on over the epochs', async () => {
    const { paths } = await saveWith([1, 1, 1], '{epoch}-{batch}', { saveFreq: 4 }, 3);
    expect(paths).toEqual(['2-1', '3-2']);
  });

  it('keeps the last maxToKeep', async () => {
    const { folder, paths } = await saveWith([1, 1, 1, 1, 1], '{epoch}', { maxToKeep: 2 });
    expect(paths).toHaveLength(5);
    expect((await readdir(folder)).sort()).toEqual(['4', '5']);
  });

  it('removes after a resume only what its own pattern may have made', async () => {
    const folder = await temporaryFolder();
    const other = path.join(folder, 'other');
    await writeFile(other, 'precious');
    await mkdir(path.join(folder, 'model-7'));
    const save = (filepath: string) => mkdir(filepath, { recursive: true });
    const checkpoint = new ModelCheckpoint(path.join(folder, 'model-{epoch}'), { maxToKeep: 1, save });
    const kept = [other, path.join(folder, 'model-7'), path.join(folder, 'model-7', '..', 'other')];
    checkpoint.restoreState({ values: { best: null, saved: 1, batches: 0, kept } });
    await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks: [checkpoint] });
    expect((await readdir(folder)).sort()).toEqual(['model-1', 'other']);
  });

  it('saves in the middle of an epoch the weights that the model has then', async () => {
    const folder = await temporaryFolder();
    const model = new LenetModel({ classNames: ['a', 'b'], inputHeight: 32, inputWidth: 32, seed: 1 });
    const optimizer = new Adam();
    model.compile({ optimizer, loss: sparseCategoricalCrossentropy });
    const seen: number[] = [];
    const save = async (filepath: string) => {
      seen.push(model.getWeights()[0]?.dataSync()[0] ?? NaN, optimizer.iterations);
      return model.save(filepath);
    };
    const checkpoint = new ModelCheckpoint(path.join(folder, '{batch}'), { saveFreq: 1, save });
    const batches = tf.data.generator(function* () {
      for (let i = 0; i < 2; i += 1) {
        yield { xs: tf.randomUniform([4, 32, 32, 3], 0, 255, 'float32', i), ys: tf.tensor1d([0, 1, 0, 1], 'int32') };
      }
    });
    await fit(model, batches, { epochs: 1, callbacks: [checkpoint] });
    expect(seen[0]).not.toBe(seen[2]);
    expect([seen[1], seen[3]]).toEqual([1, 2]);
    expect(existsSync(path.join(folder, '2', 'saved_model.pb'))).toBe(true);
  });

  it.each([
    [{ maxToKeep: 2 }, 'models/best', /^maxToKeep is a whole number from 1.* Received: 2 and "models\/best"\.$/],
    [
      { saveFreq: 0 },
      '{epoch}',
      "Unrecognized saveFreq: 0. Expected saveFreq are 'epoch' or a whole number of batches from 1.",
    ],
    [{ saveFreq: 5, saveBestOnly: true }, '{epoch}', /^Can save best model only with val_loss available/],
  ])('refuses %j', (options, filepath, message) => {
    expect(() => new ModelCheckpoint(filepath, options)).toThrow(message);
  });

  it('says which names a path may have', async () => {
    await expect(saveWith([1], '{epoch}-{los:.2f}', {})).rejects.toThrow(
      /^Failed to format this callback filepath: ".*\{los:\.2f\}"\. It may name loss, epoch\. Received: \{los\}\.$/,
    );
  });
});
