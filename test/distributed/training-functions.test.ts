import { describe, expect, it } from 'vitest';

import { Dropout } from '../../src/models/classifier/dropout.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { variablesOf } from '../../src/tensorflow/layer-weights.js';
import { Augmentation } from '../../src/training/augmentation/augmentation.js';
import { MixUp } from '../../src/training/augmentation/mix-up.js';
import { RandomFlip } from '../../src/training/augmentation/random-flip.js';
import { RandomRotation } from '../../src/training/augmentation/random-rotation.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, BinaryCrossentropy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { trainingFunctions } from '../../src/distributed/training-functions.js';
import type { TrainingStepOptions } from '../../src/training/steps/training-step.js';

/** All that a step may have to do: moving averages, dropout, a penalty on weights. The same weights each time. */
function smallModel(optimizer: tf.Optimizer = new Adam({ learningRate: 0.01 })): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
  const input = tf.input({ shape: [4, 4, 3] });
  // A bias before batch normalization has no gradient but for rounding, which Adam makes steps of.
  let x = tf.layers.conv2d({ filters: 5, kernelSize: 3, useBias: false, kernelInitializer }).apply(input);
  x = tf.layers.batchNormalization().apply(x);
  x = new Dropout({ rate: 0.25, seed: 9 }).apply(tf.layers.flatten().apply(x));
  const kernelRegularizer = tf.regularizers.l2({ l2: 0.01 });
  const outputs = tf.layers.dense({ units: 3, kernelInitializer, kernelRegularizer }).apply(x) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer, loss: sparseCategoricalCrossentropy, metrics });
  return model;
}

function batch(images: number, seed: number) {
  const labels = Array.from({ length: images }, (_, i) => (i + seed) % 3);
  return { xs: tf.randomUniform([images, 4, 4, 3], 0, 1, 'float32', seed), ys: tf.tensor1d(labels, 'int32') };
}

function batches(): tf.data.Dataset<tf.TensorContainer> {
  return tf.data.generator(function* () {
    for (const [seed, images] of [8, 8, 8, 5].entries()) yield batch(images, seed);
  });
}

type Sums = Readonly<Record<string, tf.Tensor>>;

async function compiled(model: tf.LayersModel, options: Partial<TrainingStepOptions> = {}) {
  const { functions, ...variables } = trainingFunctions(model, options);
  const graphs = await CompiledFunctions.compile({ ...functions });
  const compute = ({ xs, ys }: ReturnType<typeof batch>, step = 0): Sums =>
    graphs.call('compute_gradients', [xs, ys, tf.scalar(step, 'int32')]);
  const apply = (sums: Sums) =>
    graphs.call(
      'apply_gradients',
      functions.apply_gradients.inputs.flatMap(({ name }) => sums[name] ?? []),
    );
  return { functions, ...variables, graphs, compute, apply };
}

const numbers = (tensors: readonly tf.Tensor[]) => tensors.flatMap((tensor) => [...tensor.dataSync<'float32'>()]);

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
  expect(worst).toBeLessThan(tolerance);
}

describe('trainingFunctions', () => {
  it.each([
    ['', null],
    [' with augmentation', [new RandomFlip({ mode: 'horizontal' }), new RandomRotation({ factor: 0.2 })]],
    [' with mixed images', [new RandomFlip({ mode: 'horizontal' }), new MixUp()]],
  ])('takes the steps that fit takes%s: losses, weights, moving averages and draws are the same', async (_, made) => {
    const classWeight = { 1: 2 };
    const augmentation = made && new Augmentation(made, { seed: 8 });
    const reference = smallModel();
    const both = { classWeight, ...(augmentation && { augmentation }) };
    const { history } = await fit(reference, batches(), { epochs: 1, jit: 'graph', ...both });
    const model = smallModel();
    const { graphs, compute, apply } = await compiled(model, both);
    let [loss, correct, count] = [0, 0, 0];
    for (const [step, images] of [8, 8, 8, 5].entries()) {
      const sums = compute(batch(images, step), step);
      loss += sums.loss_sum?.dataSync()[0] ?? NaN;
      correct += sums.correct?.dataSync()[0] ?? NaN;
      count += sums.count?.dataSync()[0] ?? NaN;
      expect(apply(sums).iterations?.dataSync()).toEqual(new Int32Array([step + 1]));
    }
    graphs.readVariables();
    expectClose(
      [loss / count, correct / count],
      [Number(history.loss?.[0]), Number(history.acc?.[0] ?? history.accuracy?.[0])],
      1e-5,
    );
    expectClose(numbers(model.getWeights()), numbers(reference.getWeights()), 2e-6);
  });

  it('gives sums that add up over parts, and assigns nothing', async () => {
    const { compute, graphs, weights } = await compiled(smallModelWithoutDraws());
    const before = numbers([...weights]);
    const whole = batch(9, 1);
    const part = (from: number, size: number) => ({
      xs: whole.xs.slice([from, 0, 0, 0], [size, -1, -1, -1]),
      ys: whole.ys.slice([from], [size]),
    });
    const [a, b, all] = [compute(part(0, 7)), compute(part(7, 2)), compute(whole)];
    graphs.readVariables();
    expect(numbers([...weights])).toEqual(before);
    expect(Object.keys(all)).toEqual(['correct', 'count', 'grad_000', 'grad_001', 'loss_sum']);
    const added = Object.keys(all).map((name) => tf.add(a[name] ?? 0, b[name] ?? 0));
    expectClose(numbers(added), numbers(Object.values(all)), 1e-5);
    expect(all.count?.dataSync()[0]).toBe(9);
  });

  it('adds up over parts where an image may have several classes, with class weights and mixed images', async () => {
    const inputs = tf.input({ shape: [4, 4, 3] });
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
    const flat = tf.layers.flatten().apply(inputs);
    const outputs = tf.layers.dense({ units: 3, kernelInitializer }).apply(flat) as tf.SymbolicTensor;
    const model = tf.model({ inputs, outputs });
    const metrics = [accuracy as unknown as string];
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: new BinaryCrossentropy(), metrics });
    const { functions, graphs } = await compiled(model, { classWeight: { 1: 3 } });
    expect(functions.compute_gradients.inputs[1]?.spec.shape).toEqual(['batch', 3]);
    const { xs } = batch(9, 1);
    const ys = tf.tensor2d(Array.from({ length: 27 }, (_, i) => Number(i % 4 === 0)), [9, 3], 'int32'); // prettier-ignore
    const compute = (from: number, size: number): Sums =>
      graphs.call('compute_gradients', [xs.slice([from, 0, 0, 0], [size, -1, -1, -1]), ys.slice([from, 0], [size, -1]), tf.scalar(0, 'int32')]); // prettier-ignore
    const [a, b, all] = [compute(0, 7), compute(7, 2), compute(0, 9)];
    const added = Object.keys(all).map((name) => tf.add(a[name] ?? 0, b[name] ?? 0));
    expectClose(numbers(added), numbers(Object.values(all)), 1e-5);
    expect(all.count?.dataSync()[0]).toBe(9);
    const right = tf.sum(accuracy(ys, model.predict(xs) as tf.Tensor)).dataSync()[0];
    expect(all.correct?.dataSync()[0]).toBeCloseTo(right ?? NaN, 5);
    const mixing = { classWeight: {}, augmentation: new Augmentation([new MixUp()], { seed: 2 }) };
    expect(trainingFunctions(model, mixing).functions.compute_gradients.outputs.map(({ name }) => name)).toContain('grad_001'); // prettier-ignore
  });

  it('gives the means of the step times the count but for rounding', async () => {
    const model = smallModelWithoutDraws();
    const { compute } = await compiled(model);
    const { xs, ys } = batch(7, 3);
    const trained = variablesOf(model.trainableWeights);
    const summedLoss = () => tf.sum<tf.Scalar>(sparseCategoricalCrossentropy(ys, model.apply(xs) as tf.Tensor));
    const { value, grads } = tf.variableGrads(summedLoss, trained);
    const sums = compute({ xs, ys });
    expectClose(numbers([sums.loss_sum ?? value]), numbers([value]), 1e-6);
    trained.forEach((variable, i) => {
      expectClose(numbers([sums[`grad_00${i}`] ?? variable]), numbers([grads[variable.name] ?? variable]), 1e-6);
    });
  });

  it('draws by the number that it is given', async () => {
    const { compute } = await compiled(smallModel());
    const lossOf = (step: number) => compute(batch(8, 1), step).loss_sum?.dataSync()[0];
    expect(lossOf(3)).toBe(lossOf(3));
    expect(lossOf(3)).not.toBe(lossOf(4));
  });

  it('tests the model as it serves: without dropout, with the moving averages', async () => {
    const model = smallModel();
    const { graphs } = await compiled(model);
    const { xs, ys } = batch(7, 2);
    const { loss_sum: loss, correct, count } = graphs.call('test_step', [xs, ys]);
    const logits = model.predict(xs) as tf.Tensor;
    expectClose(numbers([loss ?? xs]), numbers([tf.sum(sparseCategoricalCrossentropy(ys, logits))]), 1e-5);
    expectClose(numbers([correct ?? xs]), numbers([tf.sum(accuracy(ys, logits))]), 1e-5);
    expect(count?.dataSync()[0]).toBe(7);
  });

  it('keeps variables at their values, and leaves no tensor behind but the slots', () => {
    const model = smallModel();
    const optimizer = model.optimizer as unknown as Adam;
    optimizer.build(variablesOf(model.trainableWeights));
    const before = numbers(model.getWeights());
    const tensors = tf.memory().numTensors;
    const { weights, slots } = trainingFunctions(model);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(numbers([...weights])).toEqual(before);
    expect(slots).toHaveLength(2 + 2 * 5);
    expect(new Set(numbers(slots.slice(2)))).toEqual(new Set([0]));
  });

  it('refuses what it cannot split, in words', () => {
    expect(() => trainingFunctions(smallModel(tf.train.adam()))).toThrow('needs an optimizer of Signet');
    const model = smallModel(new SGD());
    model.compile({ optimizer: new SGD(), loss: sparseCategoricalCrossentropy });
    expect(() => trainingFunctions(model)).toThrow('metrics: [accuracy]. Received: 1 inputs, 1 outputs, loss.');
  });
});

/** One layer: nothing in it depends on who else is in the batch. */
function smallModelWithoutDraws(): tf.LayersModel {
  const input = tf.input({ shape: [4, 4, 3] });
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
  const flat = tf.layers.flatten().apply(input);
  const outputs = tf.layers.dense({ units: 3, kernelInitializer }).apply(flat) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new SGD(), loss: sparseCategoricalCrossentropy, metrics });
  return model;
}
