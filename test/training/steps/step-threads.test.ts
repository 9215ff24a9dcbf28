import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { stepThreads } from '../../../src/training/steps/step-threads.js';

afterEach(() => vi.unstubAllEnvs());

function threadsOf(model: tf.LayersModel): number | undefined {
  onTestFinished(() => void model.dispose());
  return stepThreads(model);
}

const lenet = (size: number) => new LenetModel({ classNames: ['a', 'b'], inputHeight: size, inputWidth: size });

describe('the threads of a training step', () => {
  it('are one for a small network, and all processors for a larger one', () => {
    expect(threadsOf(lenet(28))).toBe(1);
    expect(threadsOf(lenet(96))).toBeUndefined();
  });

  it('count a layer at each of its positions', () => {
    const dense = (inputShape: number[]) => tf.sequential({ layers: [tf.layers.dense({ units: 100, inputShape })] });
    expect(threadsOf(dense([1000]))).toBe(1);
    expect(threadsOf(dense([30, 1000]))).toBeUndefined();
  });

  it('are as TF_NUM_INTRAOP_THREADS says', () => {
    vi.stubEnv('TF_NUM_INTRAOP_THREADS', '2');
    expect(threadsOf(lenet(28))).toBeUndefined();
  });
});
