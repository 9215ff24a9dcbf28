import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { ReduceLROnPlateau } from '../../../src/training/callbacks/reduce-lr-on-plateau.js';
import { fit } from '../../../src/training/fit.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import { CosineDecay } from '../../../src/training/schedules/cosine-decay.js';
import { ExponentialDecay } from '../../../src/training/schedules/exponential-decay.js';
import type { LearningRateSchedule } from '../../../src/training/schedules/learning-rate-schedule.js';
import { LinearWarmup } from '../../../src/training/schedules/linear-warmup.js';
import { PiecewiseConstantDecay } from '../../../src/training/schedules/piecewise-constant-decay.js';
import { Callback } from '../../../src/training/callbacks/callback.js';
import { ScriptedLogs, tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

function rates(schedule: LearningRateSchedule, steps: readonly number[]): number[] {
  return steps.map((step) =>
    tf.tidy(() => Number((schedule.call(tf.scalar(step)).dataSync()[0] ?? NaN).toPrecision(6))),
  );
}

describe('learning-rate schedules', () => {
  it('decay along half a cosine, after a warm-up', () => {
    const cosine = { initialLearningRate: 1, decaySteps: 4 };
    expect(rates(new CosineDecay(cosine), [0, 1, 2, 4, 9])).toEqual([1, 0.853553, 0.5, 0, 0]);
    expect(rates(new CosineDecay({ ...cosine, alpha: 0.2 }), [0, 2, 4])).toEqual([1, 0.6, 0.2]);
    const warm = { initialLearningRate: 0.5, decaySteps: 4, warmupTarget: 1, warmupSteps: 2 };
    expect(rates(new CosineDecay(warm), [0, 1, 2, 4, 6])).toEqual([0.5, 0.75, 1, 0.5, 0]);
  });

  it('fall in steps', () => {
    const steps = new PiecewiseConstantDecay([2, 4], [1, 0.5, 0.1]);
    expect(rates(steps, [0, 2, 3, 4, 5, 100])).toEqual([1, 1, 0.5, 0.5, 0.1, 0.1]);
    expect(rates(new PiecewiseConstantDecay([], [0.3]), [0, 7])).toEqual([0.3, 0.3]);
  });

  it('decay exponentially, at every step or every so many', () => {
    const options = { initialLearningRate: 1, decaySteps: 2, decayRate: 0.25 };
    expect(rates(new ExponentialDecay(options), [0, 1, 2])).toEqual([1, 0.5, 0.25]);
    expect(rates(new ExponentialDecay({ ...options, staircase: true }), [0, 1, 2, 3])).toEqual([1, 1, 0.25, 0.25]);
  });

  it('warm up to any other schedule, or to a constant', () => {
    expect(rates(new LinearWarmup(0.8, { warmupSteps: 4 }), [0, 1, 4, 50])).toEqual([0, 0.2, 0.8, 0.8]);
    const later = new ExponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 });
    const options = { warmupSteps: 2, initialLearningRate: 0.5 };
    expect(rates(new LinearWarmup(later, options), [0, 1, 2, 3, 4])).toEqual([0.5, 0.75, 1, 0.5, 0.25]);
  });

  it('are computed in the compiled step', async () => {
    const optimizer = new SGD({ learningRate: new PiecewiseConstantDecay([1, 3], [0.5, 0.25, 0]) });
    const model = tinyModel(optimizer);
    const bias = () => model.getWeights()[1]?.dataSync()[0] ?? NaN;
    const biases: number[] = [];
    const keep = new (class extends Callback {
      override onEpochEnd(): void {
        biases.push(bias());
      }
    })();
    await fit(model, tinyDataset(2), { epochs: 3, callbacks: [keep] });
    expect(biases[1]).not.toBe(biases[0]);
    expect(biases[2]).toBe(biases[1]);
    expect([optimizer.iterations, optimizer.learningRate]).toEqual([6, 0]);
  });

  it('cannot be overruled by a callback', async () => {
    const optimizer = new SGD({
      learningRate: new ExponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 }),
    });
    const callbacks = [new ScriptedLogs('loss', [1, 1]), new ReduceLROnPlateau({ monitor: 'loss', patience: 1 })];
    await expect(fit(tinyModel(optimizer), tinyDataset(1), { epochs: 2, callbacks })).rejects.toThrow(
      'This optimizer was created with a LearningRateSchedule as its learningRate, hence its learning rate is not settable.',
    );
  });

  it.each([
    [
      () => new CosineDecay({ initialLearningRate: 1, decaySteps: 0 }),
      'decaySteps is a number, more than 0. Received: 0.',
    ],
    [
      () => new PiecewiseConstantDecay([3, 2], [1, 2, 3]),
      'The boundaries ascend, and there is one value more than boundaries. Received: boundaries [3, 2] and values [1, 2, 3].',
    ],
    [() => new LinearWarmup(1, { warmupSteps: 0 }), 'warmupSteps is a number, more than 0. Received: 0.'],
  ])('refuses what is not a schedule: case %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
