import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadKerasWeights } from '../../src/models/keras/load-keras-weights.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { decodePng } from '../../src/ops/decode-image.js';
import { stringScalar } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { Callback, type Logs } from '../../src/training/callbacks/callback.js';
import { fit, type FitOptions } from '../../src/training/fit.js';
import { sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';

const steps = 200;
const batchSize = 32;
const directory = 'data/digits/train';
const fixture = 'test/fixtures/keras/lenet-losses.json';

/** All images, float32 [n, 28, 28, 3], as bench/train/keras_losses.py makes them. */
function readDigits(): { readonly images: tf.Tensor4D; readonly labels: number[] } {
  const classes = readdirSync(directory).sort();
  const files = classes.flatMap((name) =>
    readdirSync(path.join(directory, name)).sort().map((file) => ({ file: path.join(directory, name, file), label: Number(name) })),
  ); // prettier-ignore
  const images = tf.tidy(() => {
    const decoded = files.map(({ file }) => decodePng(stringScalar(readFileSync(file)), { channels: 3 }));
    const pixels = tf.stack(decoded);
    const count = files.length;
    const repeated = tf.tile(tf.reshape(pixels, [count, 8, 1, 8, 1, 3]), [1, 1, 3, 1, 3, 1]);
    const enlarged = tf.cast(tf.reshape<tf.Rank.R4>(repeated, [count, 24, 24, 3]), 'float32');
    return tf.pad4d(enlarged, [[0, 0], [2, 2], [2, 2], [0, 0]]); // prettier-ignore
  });
  return { images, labels: files.map(({ label }) => label) };
}

const digits = readDigits();

function* batches() {
  const { images, labels } = digits;
  for (let step = 0; step < steps; step += 1) {
    const chosen = Array.from({ length: batchSize }, (_, i) => (37 * (batchSize * step + i)) % labels.length);
    yield {
      xs: tf.gather(images, tf.tensor1d(chosen, 'int32')),
      ys: tf.tensor1d(chosen.map((i) => labels[i] ?? NaN), 'int32'), // prettier-ignore
    };
  }
}

/** The loss of each step, from the weights of the fixture on. */
async function losses(jit: NonNullable<FitOptions<tf.TensorContainer>['jit']>): Promise<number[]> {
  const model = new LenetModel({ classNames: Array.from('0123456789'), seed: 1 });
  await loadKerasWeights(model, 'test/fixtures/keras/lenet.keras');
  model.compile({ optimizer: new Adam({ learningRate: 0.001 }), loss: sparseCategoricalCrossentropy });
  const found: number[] = [];
  const collect = new (class extends Callback {
    override onBatchEnd(_: number, logs: Logs): void {
      found.push(logs.loss ?? NaN);
    }
  })();
  await fit(model, tf.data.generator<tf.TensorContainer>(batches), { epochs: 1, jit, callbacks: [collect] });
  return found;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((loss, i) => Math.abs(loss - (b[i] ?? NaN))));
}

describe('the first 200 losses of LeNet, from the same weights and batches', () => {
  const compiled = losses('graph');

  it('are those of the step that runs op by op', async () => {
    const eager = await losses('off');
    expect(eager).toHaveLength(steps);
    expect(largestDifference(await compiled, eager)).toBeLessThan(1e-3);
  });

  it('are those of Keras', async () => {
    const keras = JSON.parse(readFileSync(fixture, 'utf8')) as { readonly losses: readonly number[] };
    expect(keras.losses).toHaveLength(steps);
    const found = await compiled;
    expect(largestDifference(found, keras.losses)).toBeLessThan(1e-3);
    expect(found.at(-1)).toBeLessThan((found[0] ?? 0) / 2);
  });
});
