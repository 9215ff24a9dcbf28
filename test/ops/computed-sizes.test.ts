import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { cropTo, centerCrop } from '../../src/ops/crop-to.js';
import { decodePng } from '../../src/ops/decode-image.js';
import { padTo, padToMultiple } from '../../src/ops/pad-to.js';
import { letterbox, resizeImages, resizeShorterSide } from '../../src/ops/resize-images.js';
import { sizeOf } from '../../src/ops/size-of.js';
import { stringScalar } from '../../src/ops/strings.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { expectSameByEveryRoad } from '../helpers/same-by-every-road.js';

type Pictures = tf.Tensor4D;
type Program = (x: Pictures) => tf.Tensor;

const int = (value: number) => tf.scalar(value, 'int32');

/** What people do with pictures of any size. Each is one function of a graph, called at sizes that no trace had. */
const programs: Record<string, Program> = {
  padded: (x) => padTo(x, [40, 31], { fillValue: 3 }),
  paddedBelow: (x) => padTo(x, [40, 31], { position: 'start' }),
  paddedAbove: (x) => padTo(x, [40, 31], { position: 'end' }),
  cropped: (x) => cropTo(x, [20, 33]),
  croppedFromTheEnd: (x) => cropTo(x, [20, 33], { position: 'end' }),
  oneSize: (x) => cropTo(padTo(x, [32, 32]), [32, 32]),
  toMultiples: (x) => padToMultiple(x, 32),
  toMultiplesBelow: (x) => padToMultiple(x, [6, 10], { position: 'start', fillValue: -1 }),
  middle: (x) => centerCrop(x, 0.875),
  middleOfNoFloat32: (x) => centerCrop(x, 0.56),
  middleOfASize: (x) => centerCrop(x, [24, 24]),
  shorterSide: (x) => resizeShorterSide(x, 16),
  nearest: (x) => resizeShorterSide(x, 17, { method: 'nearest' }),
  letterbox: (x) => letterbox(x, [20, 24], { fillValue: 114 }),
  computedSize: (x) =>
    resizeImages(x, [tf.floorDiv(tf.add(sizeOf(x, 1), int(1)), int(2)), tf.maximum(sizeOf(x, 2), int(30))]),
  square: (x) => {
    const side = tf.maximum(sizeOf(x, 1), sizeOf(x, 2));
    return padTo(x, [side, side]);
  },
  smallerSquare: (x) => {
    const side = tf.minimum(sizeOf(x, 1), sizeOf(x, -2));
    return cropTo(x, [side, side]);
  },
  aspect: (x) => tf.div(tf.cast(sizeOf(x, 1), 'float32'), tf.cast(sizeOf(x, 2), 'float32')),
  gradientOfPadding: (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.square(padTo(y, [40, 31], { fillValue: 3 }))))(x),
  gradientOfCropping: (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.square(cropTo(y, [20, 33]))))(x),
  gradientOfResizing: (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.square(letterbox(y as Pictures, [20, 24]))))(x),
  gradientOfNearest: (x) =>
    tf.grad((y: tf.Tensor) => tf.sum(tf.square(resizeShorterSide(y as Pictures, 9, { method: 'nearest' }))))(x),
};

const sizes = [[1, 1, 1], [2, 3, 90], [1, 90, 3], [2, 32, 32], [1, 33, 31], [3, 100, 64], [1, 20, 33], [1, 225, 7], [1, 50, 25]]; // prettier-ignore

function expectSame(graph: tf.Tensor | undefined, eager: tf.Tensor): void {
  expect([graph?.dtype, graph?.shape]).toEqual([eager.dtype, eager.shape]);
  const values = graph?.dataSync() ?? [];
  expect(eager.dataSync().every((value, i) => Math.abs(value - (values[i] ?? NaN)) <= 1e-4)).toBe(true);
}

describe('sizes that the graph computes', () => {
  const inputSignature = { x: tensorSpec('float32', [null, null, null, 2]) };
  const functions = Object.fromEntries(
    Object.entries(programs).map(([name, fn]) => [name, tfFunction((x: tf.Tensor) => fn(x as Pictures), { inputSignature })]),
  ); // prettier-ignore
  let graphs: CompiledFunctions;

  beforeAll(async () => {
    const concrete = Object.entries(functions).map(([name, fn]) => [name, fn.getConcreteFunction()] as const);
    graphs = await CompiledFunctions.compile(Object.fromEntries(concrete));
  });

  afterAll(() => graphs.dispose());

  it.each(Object.keys(programs))('%s is the same at every size, eagerly and in a graph', (name) => {
    for (const size of sizes) {
      tf.tidy(() => {
        const x = tf.randomUniform([...size, 2], -1, 1);
        const eager = programs[name]?.(x as Pictures);
        if (eager) expectSame(graphs.call(name, [x]).output_0, eager);
      });
    }
  });

  it('are the same in a SavedModel, of a picture alone and of int32', async () => {
    const fn = tfFunction(
      (x: tf.Tensor) => ({
        middle: centerCrop(x as tf.Tensor3D, 0.6),
        padded: padTo(x, [12, 40], { fillValue: 7 }),
        boxed: letterbox(x as tf.Tensor3D, [9, 9], { method: 'nearest' }),
      }),
      { inputSignature: { x: tensorSpec('int32', [null, null, 3]) } },
    );
    const pictures = [[3, 50], [61, 8], [1, 1]].map((size) => tf.randomUniform([...size, 3], 0, 255, 'int32')); // prettier-ignore
    await expectSameByEveryRoad(
      fn,
      pictures.map((each) => [each]),
    );
  });
});

describe('sizes that depend on values', () => {
  it('are those of the call', async () => {
    const fn = tfFunction((x: tf.Tensor, length: tf.Tensor) => padTo(x, [length], { axes: [0], position: 'start' }), {
      inputSignature: { x: tensorSpec('float32', [null]), length: tensorSpec('int32', []) },
    });
    const graphs = await CompiledFunctions.compile({ fn: fn.getConcreteFunction() });
    for (const length of [0, 3, 9]) {
      const args = [tf.tensor1d([1, 2, 3]), int(length)] as const;
      expectSame(graphs.call('fn', args).output_0, fn(args[0], args[1]));
    }
    graphs.dispose();
  });

  it('are those of a decoded picture', async () => {
    const fn = tfFunction((bytes: tf.Tensor) => padToMultiple(decodePng(bytes), 16), {
      inputSignature: { bytes: tensorSpec('string', []) },
    });
    const graphs = await CompiledFunctions.compile({ fn: fn.getConcreteFunction() });
    const file = await tf.node.encodePng(tf.ones<tf.Rank.R3>([5, 18, 3], 'int32'));
    const bytes = stringScalar(file);
    expect(graphs.call('fn', [bytes]).output_0?.shape).toEqual([16, 32, 3]);
    expectSame(graphs.call('fn', [bytes]).output_0, fn(bytes));
    graphs.dispose();
  });
});

describe('pictures of certain sizes', () => {
  const pixels = (x: tf.Tensor) => Array.from(x.dataSync());
  const row = (length: number) => tf.reshape<tf.Rank.R3>(tf.range(1, length + 1), [1, length, 1]);

  it('stand where they are asked to', () => {
    expect(pixels(padTo(row(2), [1, 5]))).toEqual([0, 1, 2, 0, 0]);
    expect(pixels(padTo(row(2), [1, 5], { position: 'start', fillValue: 9 }))).toEqual([1, 2, 9, 9, 9]);
    expect(pixels(padTo(row(2), [1, 5], { position: 'end' }))).toEqual([0, 0, 0, 1, 2]);
    expect(pixels(cropTo(row(5), [1, 2]))).toEqual([2, 3]);
    expect(pixels(cropTo(row(5), [1, 2], { position: 'end' }))).toEqual([4, 5]);
    expect(pixels(padTo(row(5), [1, 2]))).toEqual([1, 2, 3, 4, 5]);
    expect(pixels(padTo(tf.tensor2d([[1, 2]]), [4], { axes: [1], position: 'start' }))).toEqual([1, 2, 0, 0]);
    expect(padToMultiple(row(5), [2, 4]).shape).toEqual([2, 8, 1]);
    expect(padToMultiple(row(4), [1, 4]).shape).toEqual([1, 4, 1]);
  });

  it.each<[string, () => unknown, string]>([
    ['a fraction of 0', () => centerCrop(row(3), 0), 'centerCrop takes a fraction above 0 and at most 1'],
    ['a matrix', () => padTo(tf.ones([2, 3]), [4, 4]), 'padTo takes a picture [h, w, c] or pictures [b, h, w, c]'],
    ['one size for two axes', () => cropTo(row(3), [1]), 'Received: 1 sizes for the axes [0, 1]'],
    ['half a pixel', () => cropTo(row(3), [1, 1.5]), 'whole numbers of at least 0'],
    ['a float32 size', () => padTo(row(3), [tf.scalar(2), 4]), 'Received: float32[]'],
    ['an axis that is not there', () => sizeOf(row(3), 3), 'sizeOf takes an axis from -3 to 2'],
  ])('%s is refused', (_, action, message) => {
    expect(action).toThrow(message);
  });

  it('leave no tensor behind', () => {
    const x = tf.ones<tf.Rank.R4>([1, 30, 20, 3]);
    const before = tf.memory().numTensors;
    for (const result of [letterbox(x, [9, 9]), padToMultiple(x, 16), centerCrop(x, 0.5), sizeOf(x, 1)])
      result.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
