import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { EarlyStopping, type EarlyStoppingOptions } from '../../../src/training/callbacks/early-stopping.js';
import { fit } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { Callback } from '../../../src/training/callbacks/callback.js';
import { Lines, ScriptedLogs, tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

/** Trains with made-up losses; what the callback made of them, and the weights after each epoch. */
async function stopWith(losses: number[], options: EarlyStoppingOptions) {
  const said = new Lines();
  const stop = new EarlyStopping({ monitor: 'loss', verbose: 1, stream: said, ...options });
  const model = tinyModel(new Adam({ learningRate: 0.1 }));
  const kernel = () => Array.from(model.getWeights()[0]?.dataSync() ?? []);
  const kernels: number[][] = [];
  const keepKernel = new (class extends Callback {
    override onEpochEnd(): void {
      kernels.push(kernel());
    }
  })();
  const callbacks = [keepKernel, new ScriptedLogs('loss', losses), stop];
  const { epoch } = await fit(model, tinyDataset(1), { epochs: losses.length, callbacks });
  return { epochs: epoch.length, stop, said: said.text, kernels, kernel: kernel() };
}

describe('EarlyStopping', () => {
  it('stops after `patience` epochs without improvement, and says so', async () => {
    const { epochs, stop, said } = await stopWith([3, 2, 2, 2, 1, 1], { patience: 2 });
    expect([epochs, stop.stoppedEpoch, stop.bestEpoch]).toEqual([4, 3, 1]);
    expect(said).toBe('Epoch 4: early stopping\n');
  });

  it('takes for an improvement only what is better by minDelta', async () => {
    const { epochs, stop } = await stopWith([3, 2.95, 2.9, 2.5, 2.5], { patience: 2, minDelta: 0.2 });
    expect([epochs, stop.bestEpoch]).toEqual([3, 0]);
    expect((await stopWith([3, 2.95, 2.7, 2.5], { patience: 2, minDelta: 0.2 })).epochs).toBe(4);
  });

  it('counts from startFromEpoch on', async () => {
    const { epochs, stop } = await stopWith([1, 5, 4, 4, 4, 4], { patience: 1, startFromEpoch: 2 });
    expect([epochs, stop.bestEpoch]).toEqual([4, 2]);
  });

  it('stops when nothing beats the baseline, with the best weights all the same', async () => {
    const { epochs, said, kernels, kernel } = await stopWith([5, 4, 3, 2, 1], {
      patience: 3,
      baseline: 1.5,
      restoreBestWeights: true,
    });
    // As in Keras, an epoch that improves without beating the baseline does not stop the training; the next that does not, does.
    expect(epochs).toBe(5);
    expect(kernel).toEqual(kernels[4]);
    expect(said).toBe('Restoring model weights from the end of the best epoch: 5.\n');
    const other = await stopWith([5, 4, 4.5, 4.6, 4.7], { patience: 3, baseline: 1.5, restoreBestWeights: true });
    expect(other.epochs).toBe(3);
    expect(other.kernel).toEqual(other.kernels[1]);
    expect(other.said).toBe('Epoch 3: early stopping\nRestoring model weights from the end of the best epoch: 2.\n');
  });

  it('starts anew when it is used for another training', async () => {
    const stop = new EarlyStopping({ monitor: 'loss', patience: 1 });
    const run = async (losses: number[]) => {
      const callbacks = [new ScriptedLogs('loss', losses), stop];
      return (await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 3, callbacks })).epoch.length;
    };
    expect(await run([1, 2, 3])).toBe(2);
    expect(await run([9, 8, 7])).toBe(3);
  });

  it('continues a training of which only the progress is known', () => {
    const model = tinyModel(new Adam());
    const bestWeights = model.getWeights().map((weight) => tf.zerosLike(weight));
    const stop = new EarlyStopping({ monitor: 'loss', patience: 3, restoreBestWeights: true });
    stop.setModel(model);
    stop.restoreState(EarlyStopping.stateAfter({ best: 2, bestEpoch: 4, wait: 1, bestWeights }));
    stop.onEpochEnd(6, { loss: 2 });
    expect([stop.hasEnded, stop.bestEpoch]).toEqual([false, 4]);
    stop.onEpochEnd(7, { loss: 3 });
    expect([stop.hasEnded, stop.stoppedEpoch]).toEqual([true, 7]);
    stop.onTrainEnd();
    expect(model.getWeights().every((weight) => weight.dataSync().every((value) => value === 0))).toBe(true);
  });

  it('has as many tensors after a training as before', async () => {
    const model = tinyModel(new Adam());
    const run = () => {
      const callbacks = [new EarlyStopping({ monitor: 'loss', patience: 1, restoreBestWeights: true })];
      return fit(model, tinyDataset(1), { epochs: 3, callbacks });
    };
    await run();
    const before = tf.memory().numTensors;
    await run();
    expect(tf.memory().numTensors).toBe(before);
  });
});
