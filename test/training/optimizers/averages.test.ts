import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { BackupAndRestore } from '../../../src/training/callbacks/backup-and-restore.js';
import { Callback, type Logs } from '../../../src/training/callbacks/callback.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { fit } from '../../../src/training/fit.js';
import { AdamW } from '../../../src/training/optimizers/adam-w.js';
import { layerDecay } from '../../../src/training/optimizers/layer-decay.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import { readWeights } from '../../../src/training/steps/training-session.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

const weightsOf = (model: tf.LayersModel) => model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));

/** Keeps the weights of each step and each epoch as the callbacks see them, and the losses of the validation. */
class Watch extends Callback {
  readonly steps: number[][] = [];
  readonly epochs: number[][] = [];
  readonly losses: number[] = [];

  override onBatchEnd(): void {
    readWeights(this.model);
    this.steps.push(weightsOf(this.model));
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    this.epochs.push(weightsOf(this.model));
    this.losses.push(logs.val_loss ?? NaN);
  }
}

const momentum = 0.8;
/** Averages after each step: the first weights are the first average. */
const averaged = (steps: readonly number[][]) =>
  steps.reduce<number[][]>((all, step) => {
    const last = all.at(-1);
    return [...all, step.map((value, i) => (last ? momentum * (last[i] ?? NaN) + (1 - momentum) * value : value))];
  }, []);

function expectClose(received: readonly number[] = [], expected: readonly number[] = []): void {
  expect(received).toHaveLength(expected.length);
  received.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
}

describe('useEma', () => {
  const validationData = tinyDataset();

  it.each(['graph', 'off'] as const)(
    'keeps averages, shows and validates them after an epoch and leaves them: %s',
    async (jit) => {
      const watch = new Watch();
      const model = tinyModel(new SGD({ learningRate: 0.5, useEma: true, emaMomentum: momentum }));
      await fit(model, tinyDataset(3), { epochs: 2, validationData, jit, callbacks: [watch] });
      const plain = new Watch();
      await fit(tinyModel(new SGD({ learningRate: 0.5 })), tinyDataset(3), { epochs: 2, validationData, jit, callbacks: [plain] }); // prettier-ignore
      watch.steps.forEach((step, i) => expectClose(step, plain.steps[i]));
      const averages = averaged(plain.steps);
      expectClose(watch.epochs[0], averages[2]);
      expectClose(watch.epochs[1], averages[5]);
      expect(weightsOf(model)).toEqual(watch.epochs[1]);
      const loss = await evaluate(model, validationData as Parameters<typeof evaluate>[1]);
      expect([loss].flat()[0]?.dataSync()[0]).toBeCloseTo(watch.losses[1] ?? NaN, 5);
      expect(watch.losses).not.toEqual(plain.losses);
    },
  );

  it('averages the weights that accumulated gradients give', async () => {
    const make = (useEma: boolean) => new SGD({ learningRate: 0.5, gradientAccumulationSteps: 2, useEma, emaMomentum: momentum }); // prettier-ignore
    const [model, plain] = [tinyModel(make(true)), new Watch()];
    await fit(model, tinyDataset(4), { epochs: 1 });
    await fit(tinyModel(make(false)), tinyDataset(4), { epochs: 1, callbacks: [plain] });
    const changed = plain.steps.filter((_, i) => i % 2 === 1);
    expectClose(weightsOf(model), averaged(changed).at(-1));
  });

  it('resumes to the same bits', async () => {
    const folder = await temporaryFolder();
    const run = async (epochs: number, resumable: boolean) => {
      const model = tinyModel(new AdamW({ learningRate: 0.1, useEma: true }));
      const callbacks = resumable ? [new BackupAndRestore(folder, { deleteCheckpoint: false })] : [];
      await fit(model, tinyDataset(3), { epochs, validationData, callbacks });
      return weightsOf(model);
    };
    await run(2, true);
    expect(await run(4, true)).toEqual(await run(4, false));
  });

  it('refuses a momentum that is none', () => {
    expect(() => new SGD({ useEma: true, emaMomentum: 1.5 })).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: emaMomentum is a number, from 0 to 1. Received: 1.5.]`,
    );
  });
});

describe('layerDecay', () => {
  const make = () => {
    const dense = (units: number, inputShape?: number[]) =>
      tf.layers.dense({ units, kernelInitializer: 'ones', ...(inputShape && { inputShape }) });
    return tf.sequential({ layers: [dense(2, [3]), tf.layers.batchNormalization(), dense(2)] });
  };

  it('gives each layer with a kernel a share of the rate of the next, what has none that of the one before', () => {
    const model = make();
    const multiplier = layerDecay(model, 0.5);
    const names = model.layers.map(({ weights }) =>
      weights.map((weight) => multiplier((weight.read() as tf.Variable).name)),
    );
    expect(names).toEqual([
      [0.5, 0.5],
      [0.5, 0.5, 0.5, 0.5],
      [1, 1],
    ]);
  });

  it.each(['graph', 'off'] as const)('makes steps smaller by that: %s', async (jit) => {
    const change = async (decay: number) => {
      const model = make();
      const before = weightsOf(model);
      const optimizer = new SGD({ learningRate: 0.01, learningRateMultiplier: layerDecay(model, decay) });
      model.compile({ optimizer, loss: (y: tf.Tensor, z: tf.Tensor) => tf.mean(tf.square(tf.sub(tf.oneHot(tf.cast(y, 'int32'), 2), z)), 1) }); // prettier-ignore
      await fit(model, tinyDataset(1), { epochs: 1, jit });
      return weightsOf(model).map((weight, i) => weight - (before[i] ?? NaN));
    };
    const [whole, half] = [await change(1), await change(0.5)];
    // First dense layer: 6 + 2 weights. The last one's come right before the averages that are not trained.
    half.slice(0, 8).forEach((value, i) => expect(value).toBeCloseTo((whole[i] ?? NaN) / 2, 5));
    half.slice(12, 18).forEach((value, i) => expect(value).toBeCloseTo(whole[12 + i] ?? NaN, 5));
  });
});
