/** `tsx bench/recompute/steps.ts MODEL IMAGES STEPS RECOMPUTE`: takes training steps, and prints their losses, their times in seconds and the peak of memory as JSON. */
import { readFileSync, writeFileSync } from 'node:fs';

import { makeModel } from '../../src/models/make-model.js';
import { findModelType } from '../../src/models/model-types.js';
import * as tf from '../../src/tensorflow/tf.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { TrainSteps } from '../../src/training/steps/train-steps.js';

const [name = '', images = '', count = '', recompute = ''] = process.argv.slice(2);
const classNames = Array.from({ length: 10 }, (_, i) => String(i));
const model = makeModel(await findModelType(name), { classNames, seed: 1 });
const metrics = [accuracy as unknown as string];
model.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss: sparseCategoricalCrossentropy, metrics });
const steps = await TrainSteps.compile(model, {
  jit: 'graph',
  classWeight: {},
  augmentation: null,
  onNote: () => undefined,
  recompute: recompute === 'true',
});
const [, height = 224, width = 224] = model.inputs[0]?.shape ?? [];
const x = tf.randomUniform([Number(images), height ?? 224, width ?? 224, 3], 0, 255, 'float32', 5);
const y = tf.tensor1d(Array.from({ length: Number(images) }, (_, i) => i % 10), 'int32'); // prettier-ignore

// What tracing has taken is not asked for.
writeFileSync('/proc/self/clear_refs', '5');
const [losses, seconds]: [number[], number[]] = [[], []];
for (let step = 0; step < Number(count); step += 1) {
  const start = performance.now();
  losses.push(steps.train([x, y])[0]?.dataSync()[0] ?? NaN);
  seconds.push((performance.now() - start) / 1000);
}
const status = readFileSync('/proc/self/status', 'utf8');
const peakMebibytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
console.log(JSON.stringify({ losses, seconds, peakMebibytes }));
