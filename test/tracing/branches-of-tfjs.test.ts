import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { type Shape, tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

type Program = (x: tf.Tensor) => tf.Tensor;

const rowsOf = ({ shape }: tf.Tensor) => shape[0];
const signal = (x: tf.Tensor) => x as tf.Tensor1D;
const spectrum = (x: tf.Tensor) => tf.concat([tf.real(x), tf.imag(x)], -1);
const crop = (height: number, width: number) => (x: tf.Tensor) => tf.layers.centerCrop({ height, width }).apply(x) as tf.Tensor; // prettier-ignore

/** A layer with weights, which the first call makes. */
const normalization = tf.layers.layerNormalization();

/** Functions of TF.js that decide by a size in JavaScript, at sizes that no sample has; docs/tracing.md lists the same. */
const agreeing: Record<string, readonly [shape: Shape, fn: Program, sizes: number[][]]> = {
  frame: [[null], (x) => tf.signal.frame(signal(x), 100, 30), [[1], [99], [100], [129], [130], [131], [1000]]],
  'frame, padded': [[null], (x) => tf.signal.frame(signal(x), 10, 4, true, 7), [[1], [9], [10], [11], [12], [13], [50]]],
  'frame with gaps': [[null], (x) => tf.signal.frame(signal(x), 3, 11), [[2], [3], [13], [14], [15], [300]]],
  'the gradient of frame': [[null], (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.square(tf.signal.frame(signal(y), 8, 3))))(x), [[7], [8], [40]]],
  stft: [[null], (x) => spectrum(tf.signal.stft(signal(x), 60, 20)), [[5], [60], [79], [80], [700]]],
  'rfft with a length': [[null, null], (x) => spectrum(tf.spectral.rfft(x, 64)), [[1, 1], [2, 63], [1, 64], [3, 65], [1, 100]]],
  rfft: [[null, null], (x) => spectrum(tf.spectral.rfft(x)), [[1, 1], [2, 2], [1, 63], [3, 64]]],
  irfft: [[null, null], (x) => tf.spectral.irfft(tf.complex(x, tf.neg(x))), [[1, 1], [2, 2], [1, 3], [3, 40], [1, 129]]],
  centerCrop: [[null, null, null, 2], crop(60, 50), [[1, 70, 80, 2], [2, 61, 51, 2], [1, 60, 50, 2], [1, 59, 90, 2], [1, 90, 49, 2], [1, 62, 52, 2], [1, 3, 4, 2]]],
  'centerCrop of a picture': [[null, null, 2], crop(6, 6), [[7, 7, 2], [3, 9, 2], [20, 6, 2], [6, 8, 2]]],
  bandPart: [[null, null, null], (x) => tf.linalg.bandPart(x, 1, -1), [[1, 1, 1], [3, 2, 5], [2, 6, 4], [70, 2, 2]]],
  'bandPart of a matrix': [[null, null], (x) => tf.linalg.bandPart(x, 0, 1), [[1, 1], [2, 6], [6, 4]]],
  'range, empty for most sizes': [[null], (x) => tf.range(0, Math.max(0, rowsOf(x) - 60)), [[1], [59], [60], [61], [62], [300]]],
  'range by a step, empty where it would go beyond': [[null], (x) => tf.range(9, rowsOf(x), 3, 'int32'), [[1], [8], [9], [10], [12], [13], [200]]],
  'range backwards': [[null], (x) => tf.range(rowsOf(x), 20, -2), [[1], [19], [20], [21], [22], [23], [200]]],
  'as many as windows of 9 by 5': [[null], (x) => tf.range(0, Math.max(0, Math.floor((rowsOf(x) - 9) / 5) + 1)), [[1], [8], [9], [13], [14], [19], [301]]],
  'as many as windows of 25 by 10': [[null], (x) => tf.zeros([Math.max(0, Math.floor((rowsOf(x) - 25) / 10) + 1)]), [[1], [24], [25], [34], [35], [45], [301]]],
  'windows of 12 by 8, one at least': [[null], (x) => tf.ones([Math.max(1, Math.floor((rowsOf(x) - 12) / 8) + 1)]), [[1], [12], [19], [20], [27], [28], [301]]],
  broadcastTo: [[null, 1], (x) => tf.broadcastTo(x, [x.shape[0], 7]), [[1, 1], [70, 1]]],
  'losses with weights': [[null, null], (x) => tf.losses.meanSquaredError(x, tf.neg(x), tf.mean(x, 1, true), tf.Reduction.MEAN), [[1, 1], [2, 90], [70, 3]]],
  'label smoothing': [[null, null], (x) => tf.losses.softmaxCrossEntropy(tf.softmax(x), x, 1, 0.1), [[1, 1], [2, 90], [70, 3]]],
  upSampling2d: [[null, null, null, 2], (x) => tf.layers.upSampling2d({ size: [2, 3] }).apply(x) as tf.Tensor, [[1, 1, 1, 2], [2, 9, 40, 2]]],
  zeroPadding2d: [[null, null, null, 2], (x) => tf.layers.zeroPadding2d({ padding: [[1, 2], [3, 0]] }).apply(x) as tf.Tensor, [[1, 1, 1, 2], [2, 9, 40, 2]]],
  layerNormalization: [[null, null, 4], (x) => normalization.apply(x) as tf.Tensor, [[1, 1, 4], [2, 70, 4], [9, 3, 4]]],
  repeatVector: [[null, null], (x) => tf.layers.repeatVector({ n: 3 }).apply(x) as tf.Tensor, [[1, 1], [2, 70], [90, 3]]],
}; // prettier-ignore

const graphOf = (shape: Shape, fn: Program) =>
  tfFunction(fn, { inputSignature: { x: tensorSpec('float32', shape) } }).getConcreteFunction();

describe('what TF.js decides by a size', () => {
  const names = Object.keys(agreeing);
  const keyOf = (name: string) => `f${names.indexOf(name)}`;
  let graphs: CompiledFunctions;

  beforeAll(async () => {
    const concrete = names.flatMap((name) => {
      const [shape, fn] = agreeing[name] ?? [];
      return shape !== undefined && fn ? [[keyOf(name), graphOf(shape, fn)] as const] : [];
    });
    graphs = await CompiledFunctions.compile(Object.fromEntries(concrete));
  });

  afterAll(() => graphs.dispose());

  it.each(names)('%s is the same at every size', (name) => {
    const [, fn, sizes] = agreeing[name] ?? [];
    for (const size of sizes ?? []) {
      tf.tidy(() => {
        const x = tf.randomUniform(size, -1, 1, 'float32', 5);
        const [eager, graph] = [fn?.(x), graphs.call(keyOf(name), [x]).output_0];
        expect([size, graph?.dtype, graph?.shape]).toEqual([size, eager?.dtype, eager?.shape]);
        const values = graph?.dataSync() ?? [];
        const largest = Math.max(0, ...Array.from(eager?.dataSync() ?? [], (value, i) => Math.abs(value - (values[i] ?? NaN)))); // prettier-ignore
        expect([size, largest < 1e-4 ? 0 : largest]).toEqual([size, 0]);
      });
    }
  });
});

describe('what TF.js loops over is refused where the number of turns is unknown', () => {
  it.each<[string, Shape, Program]>([
    ['gramSchmidt', [null, 90], (x) => tf.linalg.gramSchmidt(x as tf.Tensor2D) as tf.Tensor],
    ['qr', [null, 3], (x) => tf.linalg.qr(x)[0]],
    ['a recurrent layer', [null, null, 3], (x) => tf.layers.lstm({ units: 2 }).apply(x) as tf.Tensor],
    ['timeDistributed', [null, null, 3], (x) => tf.layers.timeDistributed({ layer: tf.layers.flatten() }).apply(x) as tf.Tensor],
    ['convLstm2d', [null, null, 6, 6, 1], (x) => tf.layers.convLstm2d({ filters: 1, kernelSize: 2 }).apply(x) as tf.Tensor],
    ['unstack', [null, 3], (x) => tf.addN(tf.unstack(x))],
    ['a window of a computed length', [null], (x) => tf.mul(x, tf.signal.hannWindow(x.size))],
    ['an average of the whole picture by avgPool', [null, null, null, 2], (x) => tf.avgPool(x as tf.Tensor4D, [x.shape[1] ?? 0, x.shape[2] ?? 0], 1, 'valid')],
    ['squeeze', [null, null], (x) => tf.squeeze(x)],
  ])('%s', (_, shape, fn) => {
    expect(() => graphOf(shape, fn)).toThrow(/Cannot trace/);
  }); // prettier-ignore
});

describe('eagerly, what was replaced gives what it gave', () => {
  it('frame', () => {
    const frames = (padEnd: boolean) => tf.signal.frame(tf.tensor1d([1, 2, 3, 4, 5]), 3, 2, padEnd, 9);
    expect(frames(false).arraySync()).toEqual([[1, 2, 3], [3, 4, 5]]); // prettier-ignore
    expect(frames(true).arraySync()).toEqual([[1, 2, 3], [3, 4, 5], [5, 9, 9]]); // prettier-ignore
    expect(tf.signal.frame(tf.tensor1d([1]), 3, 2).shape).toEqual([0, 3]);
  });

  it('stft', () => {
    const parts = tf.signal.stft(tf.tensor1d([1, 1, 1, 1, 1]), 3, 1);
    expect(parts.shape).toEqual([3, 3]);
    expect(Array.from(tf.real(parts).dataSync().slice(0, 3), (value) => Math.round(value * 1000))).toEqual([1000, 0, -1000]); // prettier-ignore
  });
});
