import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { LearningRateScheduler } from '../../../src/training/callbacks/learning-rate-scheduler.js';
import { ReduceLROnPlateau } from '../../../src/training/callbacks/reduce-lr-on-plateau.js';
import { fit } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { Callback } from '../../../src/training/callbacks/callback.js';
import { Lines, ScriptedLogs, tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

const rounded = (values: unknown) => (values as number[]).map((value) => Number(value.toPrecision(6)));
const weightsOf = (model: tf.LayersModel) => model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));

describe('the learning rate of a compiled step', () => {
  it('can be changed between two steps', async () => {
    const optimizer = new Adam({ learningRate: 0.5 });
    const model = tinyModel(optimizer);
    const after: number[][] = [];
    const stopMoving = new (class extends Callback {
      override onBatchEnd(batch: number): void {
        if (batch === 0) optimizer.learningRate = 0;
      }
      override onEpochEnd(): void {
        after.push(weightsOf(model));
      }
    })();
    await fit(model, tinyDataset(3), { epochs: 2, callbacks: [stopMoving] });
    const oneStep = tinyModel(new Adam({ learningRate: 0.5 }));
    await fit(oneStep, tinyDataset(1), { epochs: 1 });
    expect(after[0]).toEqual(weightsOf(oneStep));
    expect(after[1]).toEqual(after[0]);
    expect(optimizer.iterations).toBe(6);
  });

  it('leaves the weights to the session when only it is assigned, and takes weights that a callback sets', async () => {
    const model = tinyModel(new Adam({ learningRate: 0.1 }));
    const backToZero = new (class extends Callback {
      override onEpochEnd(epoch: number): void {
        const zeros = tf.tidy(() => model.getWeights().map((weight) => tf.zerosLike(weight)));
        if (epoch === 0) model.setWeights(zeros);
        tf.dispose(zeros);
      }
    })();
    const { history } = await fit(model, tinyDataset(1), { epochs: 2, callbacks: [backToZero] });
    expect(history.loss?.[1]).toBe(history.loss?.[0]);
  });
});

describe('LearningRateScheduler', () => {
  it('sets the learning rate before each epoch, from the one before, and logs it', async () => {
    const said = new Lines();
    const scheduler = new LearningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate * 0.5), {
      verbose: 1,
      stream: said,
    });
    const model = tinyModel(new Adam({ learningRate: 0.01 }));
    const { history } = await fit(model, tinyDataset(), { epochs: 4, callbacks: [scheduler] });
    expect(rounded(history.learning_rate)).toEqual([0.01, 0.01, 0.005, 0.0025]);
    expect(said.text.split('\n')[2]).toBe('Epoch 3: LearningRateScheduler setting learning rate to 0.005.');
  });

  it('says what is wrong with a schedule or an optimizer that it cannot use', async () => {
    const words = new LearningRateScheduler(() => '0.1' as unknown as number);
    await expect(fit(tinyModel(new Adam()), tinyDataset(), { epochs: 1, callbacks: [words] })).rejects.toThrow(
      'The output of the `schedule` function should be a number. Received: 0.1.',
    );
    const callbacks = [new LearningRateScheduler(() => 0.1)];
    await expect(fit(tinyModel(tf.train.adam(0.1)), tinyDataset(), { epochs: 1, callbacks })).rejects.toThrow(
      "LearningRateScheduler needs an optimizer of Signet, such as compile({ optimizer: new Adam() }): the learning rate of TF.js's " +
        'own is a constant once a step is compiled. Received: Adam of TF.js.',
    );
    const negative = [new LearningRateScheduler(() => -1)];
    await expect(fit(tinyModel(new Adam()), tinyDataset(), { epochs: 1, callbacks: negative })).rejects.toThrow(
      'learningRate is a number, 0 or more. Received: -1.',
    );
  });
});

describe('ReduceLROnPlateau', () => {
  const ratesWith = async (losses: number[], options: ConstructorParameters<typeof ReduceLROnPlateau>[0]) => {
    const said = new Lines();
    const reduce = new ReduceLROnPlateau({ monitor: 'loss', verbose: 1, stream: said, ...options });
    const model = tinyModel(new Adam({ learningRate: 0.1 }));
    const callbacks = [new ScriptedLogs('loss', losses), reduce];
    const { history } = await fit(model, tinyDataset(1), { epochs: losses.length, callbacks });
    return { rates: rounded(history.learning_rate), said: said.text };
  };

  it('reduces after `patience` epochs that are not better by `minDelta`, and logs the rate that the epoch had', async () => {
    const { rates, said } = await ratesWith([1, 0.99995, 0.9999, 0.5, 0.5, 0.5], { patience: 2 });
    expect(rates).toEqual([0.1, 0.1, 0.1, 0.01, 0.01, 0.01]);
    expect(said).toBe(
      'Epoch 3: ReduceLROnPlateau reducing learning rate to 0.01.\n' +
        'Epoch 6: ReduceLROnPlateau reducing learning rate to 0.001.\n',
    );
  });

  it('counts nothing while it cools down', async () => {
    const { rates } = await ratesWith([1, 1, 1, 1, 1, 1, 1], { patience: 1, cooldown: 2, factor: 0.5 });
    expect(rates).toEqual([0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125]);
  });

  it('does not go below minLr', async () => {
    const { rates, said } = await ratesWith([1, 1, 1, 1, 1], { patience: 1, minLr: 0.04, factor: 0.5 });
    expect(rates).toEqual([0.1, 0.1, 0.05, 0.04, 0.04]);
    expect(said.trim().split('\n')).toHaveLength(2);
  });

  it('refuses a factor that does not reduce', () => {
    expect(() => new ReduceLROnPlateau({ factor: 1 })).toThrow(
      'ReduceLROnPlateau does not support a factor >= 1.0: it is more than 0 and less than 1. Received factor=1.',
    );
  });
});
