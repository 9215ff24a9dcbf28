/**
 * Run by test/training/memory.test.ts in a process of its own: trains LeNet 2,000 steps, or saves a small model 50 times, and prints the memory
 * after each twentieth part.
 */
import path from 'node:path';

import { LenetModel } from '../../src/models/lenet-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { ModelCheckpoint } from '../../src/training/callbacks/model-checkpoint.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { Callback } from '../../src/training/callbacks/callback.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import type { MemorySample } from './watch-memory.js';

const [what = 'steps', folder = ''] = process.argv.slice(2);
const epochs = what === 'steps' ? 20 : 50;
const steps = what === 'steps' ? 100 : 1;
const classNames = ['a', 'b', 'c'];
const model = what === 'steps' ? new LenetModel({ classNames, seed: 1 }) : new SmallClassifier({ classNames, seed: 1 });
const [, height = 0, width = 0] = model.inputs[0]?.shape ?? [];
model.compile({
  optimizer: new Adam({ learningRate: 0.001 }),
  loss: sparseCategoricalCrossentropy,
  metrics: [accuracy],
});

function* batches() {
  for (let step = 0; step < steps; step += 1) {
    const xs = tf.fill([4, height ?? 0, width ?? 0, 3], step);
    yield { xs, ys: tf.tensor1d([0, 1, 2, 1], 'int32') };
  }
}

/** Prints what is left when JavaScript's garbage is gone. */
class Sampler extends Callback {
  override onEpochEnd(): void {
    globalThis.gc?.();
    const sample: MemorySample = {
      residentMebibytes: process.memoryUsage.rss() / 2 ** 20,
      tensors: tf.memory().numTensors,
    };
    process.stdout.write(`${JSON.stringify(sample)}\n`);
  }
}

const checkpoints = what === 'steps' ? [] : [new ModelCheckpoint(path.join(folder, '{epoch:02d}'), { maxToKeep: 2 })];
const dataset = tf.data.generator<tf.TensorContainer>(batches);
await fit(model, dataset, { epochs, callbacks: [...checkpoints, new Sampler()] });
