import { parseArgs } from 'node:util';

import { imageDatasetFromDirectory } from '../src/data/dataset/image-dataset-from-directory.js';
import { LenetModel } from '../src/models/lenet-model.js';
import { makeModel } from '../src/models/make-model.js';
import { findModelType } from '../src/models/model-types.js';
import { CompiledFunctions } from '../src/saved-model/run/compile.js';
import { timeInTurns } from '../src/saved-model/run/time-in-turns.js';
import { hasBfloat16, type Precision } from '../src/tensorflow/precision.js';
import * as tf from '../src/tensorflow/tf.js';
import { tensorSpec } from '../src/tracing/tensor-spec.js';
import { tfFunction } from '../src/tracing/tf-function.js';
import { fit } from '../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../src/training/losses.js';
import { Adam } from '../src/training/optimizers/adam.js';
import { TrialStep } from '../src/training/steps/trial-step.js';

/**
 * `npm run bench:precision`: a training step and a call of networks in float32 and in bfloat16, in turns in one process; how much the two differ; and
 * the accuracy of LeNet on the digits, trained in each. Networks have random weights.
 *
 * `-- --models ResnetModel:224,InceptionModel:299 --images 8 --seconds 20` chooses the networks with the size of their images, the images per step, and how
 * long each is measured.
 */
const { values } = parseArgs({
  options: {
    models: {
      type: 'string',
      default: 'ResnetModel:224,InceptionModel:299,EfficientNetV2Model:224,MobileNetModel:224',
    },
    images: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '20' },
  },
});
const count = Number(values.images);
const milliseconds = Number(values.seconds) * 1000;
const precisions = ['float32', 'bfloat16'] as const satisfies readonly Precision[];
const classNames = Array.from({ length: 10 }, (_, i) => String(i));

console.log(
  `instructions for bfloat16: ${hasBfloat16() ? 'yes' : 'no'}; ${count} images; the fastest of calls in turns`,
);
for (const each of values.models.split(',')) await compare(each);
await compareAccuracy();

async function compare(named: string): Promise<void> {
  const [name = '', size = '224'] = named.split(':');
  const Model = await findModelType(name);
  const sides = { inputHeight: Number(size), inputWidth: Number(size) };
  const model = makeModel(Model, { classNames, seed: 1, ...sides });
  compileModel(model);
  const images = tf.randomUniform([count, sides.inputHeight, sides.inputWidth, 3], 0, 255, 'float32', 1);
  await compareSteps(name, model);
  for (const areVariablesConstant of [false, true]) await compareCalls(name, model, images, areVariablesConstant);
  images.dispose();
  model.dispose();
}

async function compareSteps(name: string, model: tf.LayersModel): Promise<void> {
  const steps: TrialStep[] = [];
  for (const precision of precisions) {
    const options = { classWeight: {}, augmentation: null, precision, onNote: console.log };
    steps.push(await TrialStep.compile(model, count, options));
  }
  for (const step of steps) step.run();
  const times = await timeInTurns(
    steps.map((step) => () => step.run()),
    { milliseconds },
  );
  for (const step of steps) step.dispose();
  print(`${name}, training step`, times);
}

async function compareCalls(name: string, model: tf.LayersModel, images: tf.Tensor, areVariablesConstant: boolean) {
  const call = tfFunction((input: tf.Tensor) => ({ logits: model.apply(input, { training: false }) as tf.Tensor }), {
    inputSignature: { images: tensorSpec('float32', [null, ...images.shape.slice(1)]) },
    name: 'call',
  }).getConcreteFunction();
  const sessions: CompiledFunctions[] = [];
  for (const precision of precisions) {
    sessions.push(await CompiledFunctions.compile({ call }, { areVariablesConstant, precision }));
  }
  const calls = sessions.map((session) => () => {
    const { logits } = session.call('call', [images]);
    const numbers = logits?.dataSync<'float32'>().slice() ?? new Float32Array();
    logits?.dispose();
    return numbers;
  });
  const [float32 = new Float32Array(), bfloat16 = new Float32Array()] = calls.map((each) => each());
  const times = await timeInTurns(calls, { milliseconds });
  for (const session of sessions) session.dispose();
  const apart = Math.max(...float32.map((value, i) => Math.abs(value - (bfloat16[i] ?? NaN))));
  const largest = Math.max(...float32.map(Math.abs));
  const how = areVariablesConstant ? 'forward with constants' : 'forward with variables';
  print(`${name}, ${how}`, times, `logits ${apart.toPrecision(2)} apart at most, of ${largest.toPrecision(2)}`);
}

function print(title: string, [float32 = NaN, bfloat16 = NaN]: readonly number[], remark = ''): void {
  const ratio = `${(float32 / bfloat16).toFixed(2)} x`;
  const times = [float32, bfloat16].map((each, i) => `${each.toFixed(0).padStart(6)} ms ${precisions[i] ?? ''}`);
  console.log([title.padEnd(48), ...times, ratio, remark].join('  '));
}

async function compareAccuracy(): Promise<void> {
  for (const precision of precisions) {
    const [train, test] = await Promise.all(
      ['train', 'test'].map((each) =>
        imageDatasetFromDirectory(`data/digits/${each}`, { imageSize: [28, 28], seed: 1 }),
      ),
    );
    if (!train || !test) throw new Error('unreachable: there are two');
    const model = new LenetModel({ classNames, seed: 1 });
    compileModel(model);
    const { history } = await fit(model, train, { epochs: 10, validationData: test, jit: 'graph', precision });
    const best = Math.max(...(history.val_accuracy as number[]));
    console.log(`LeNet on the digits, 10 epochs in ${precision}: best test accuracy ${best.toFixed(4)}`);
    for (const each of [train, test, model]) each.dispose();
  }
}

function compileModel(model: tf.LayersModel): void {
  const optimizer = new Adam({ learningRate: 0.001 });
  model.compile({ optimizer, loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
}
