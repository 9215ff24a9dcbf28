import { describe, expect, it } from 'vitest';

import { trainModelCommand } from '../../../src/commands/train-model/flags.js';
import { completeTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import {
  makeLoss,
  makeOptimizer as makeOptimizerOf,
  type OptimizationOptions,
  type TrainingLength,
} from '../../../src/commands/train-model/trainable-model.js';
import { learningRateCallbacks } from '../../../src/commands/train-model/training-callbacks.js';
import { parseHistory } from '../../../src/evaluation/report/training-history.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { CSVLogger } from '../../../src/training/callbacks/csv-logger.js';
import { ReduceLROnPlateau } from '../../../src/training/callbacks/reduce-lr-on-plateau.js';
import { fit } from '../../../src/training/fit.js';
import { Callback } from '../../../src/training/callbacks/callback.js';
import { tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

const length = { learningRate: 1, numEpochs: 4, stepsPerEpoch: 2 };
const paths = { trainDatasetPath: 'train', testDatasetPath: 'test' };

const complete = (options: Partial<OptimizationOptions>) => completeTrainModelOptions({ ...paths, ...options });
const makeOptimizer = (options: Partial<OptimizationOptions>, given: TrainingLength) =>
  makeOptimizerOf(complete(options), given);

/** The learning rate at the beginning of each epoch. */
async function ratesOf(options: Parameters<typeof makeOptimizer>[0]): Promise<number[]> {
  const optimizer = makeOptimizer(options, length);
  const rates = [optimizer.learningRate];
  const keep = new (class extends Callback {
    override onEpochEnd(): void {
      rates.push(optimizer.learningRate);
    }
  })();
  await fit(tinyModel(optimizer), tinyDataset(2), { epochs: 4, callbacks: [keep] });
  return rates.map((rate) => Number(rate.toFixed(4)));
}

describe('the optimizer of train-model', () => {
  it('is the one that was asked for, with its options', () => {
    const { choices } = trainModelCommand.flags.optimizer;
    const classes = choices.map((optimizer) => makeOptimizer({ optimizer }, length).getClassName());
    expect(classes).toEqual(['Adam', 'AdamW', 'SGD', 'RMSprop']);
    const options = {
      optimizer: 'sgd',
      momentum: 0.9,
      weightDecay: 0.1,
      clipNorm: 2,
      gradientAccumulationSteps: 3,
    } as const;
    expect(makeOptimizer(options, length).getConfig()).toEqual({
      learningRate: 1,
      momentum: 0.9,
      nesterov: false,
      weightDecay: 0.1,
      globalClipnorm: 2,
      gradientAccumulationSteps: 3,
    });
    expect(makeOptimizer({ optimizer: 'adamw' }, length).getConfig()).toMatchObject({ weightDecay: 0.004 });
    expect(() => makeOptimizer({ optimizer: 'adamax' as 'adam' }, length)).toThrow(
      '--optimizer is one of adam, adamw, sgd, rmsprop. Received: adamax.',
    );
  });

  it('has a learning rate that falls over the training', async () => {
    expect(await ratesOf({})).toEqual([1, 1, 1, 1, 1]);
    expect(await ratesOf({ learningRateSchedule: 'cosine' })).toEqual([1, 0.8536, 0.5, 0.1464, 0]);
    expect(await ratesOf({ learningRateSchedule: 'exponential' })).toEqual([1, 0.3162, 0.1, 0.0316, 0.01]);
    expect(await ratesOf({ learningRateSchedule: 'step' })).toEqual([1, 1, 0.1, 0.01, 0.01]);
    expect(
      makeOptimizer({ learningRateSchedule: 'step' }, { ...length, numEpochs: 1, stepsPerEpoch: 1 }).learningRate,
    ).toBe(1);
    expect(await ratesOf({ warmupEpochs: 2 })).toEqual([0, 0.5, 1, 1, 1]);
    expect(await ratesOf({ learningRateSchedule: 'cosine', warmupEpochs: 2 })).toEqual([0, 0.5, 1, 0.5, 0]);
  });

  it('has a learning rate that falls when nothing improves', () => {
    expect(learningRateCallbacks(complete({}), 5)).toEqual([]);
    expect(learningRateCallbacks(complete({ learningRateSchedule: 'plateau' }), 5)[0]).toBeInstanceOf(
      ReduceLROnPlateau,
    );
  });

  it('logs the learning rate where it changes, for the history', async () => {
    const options = complete({ learningRateSchedule: 'cosine' });
    const model = tinyModel(makeOptimizerOf(options, length));
    const history = new CSVLogger();
    await fit(model, tinyDataset(), { epochs: 4, callbacks: [...learningRateCallbacks(options, 5), history] });
    const rates = parseHistory(history.text).columns.get('learning_rate');
    const expected = [1, 2, 3, 4].map((epoch) => 0.5 * (1 + Math.cos((Math.PI * epoch) / 4)));
    expected.forEach((rate, i) => expect(rates?.[i]).toBeCloseTo(rate, 5));
    expect(learningRateCallbacks(complete({ warmupEpochs: 1 }), 5)).toHaveLength(1);
  });
});

describe('the loss of train-model', () => {
  it('smooths labels', () => {
    const loss = (labelSmoothing: number) =>
      tf.tidy(
        () =>
          makeLoss({ multiLabel: false }, { labelSmoothing })(
            tf.tensor1d([0], 'int32'),
            tf.tensor2d([[9, 0]]),
          ).dataSync()[0],
      );
    expect(loss(0)).toBeLessThan(0.001);
    expect(loss(0.2)).toBeCloseTo(0.9, 2);
  });
});
