import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { unzipSync } from 'fflate';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { io } from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

import { exportFiles } from '../../src/export/export-files.js';
import { exportGraphModel, exportLiteRT, exportOnnx } from '../../src/export/export-function.js';
import { cond, mapFn, tensorSpec, tf, tfFunction } from '../../src/index.js';
import { addMetadata } from '../../src/export/litert/add-metadata.js';
import { writeParts } from '../../src/saved-model/write/write-saved-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

type Image = tf.Tensor4D;

/** Functions of pictures whose graphs have the ops that the formats carry, several each. */
const functions: Readonly<Record<string, (x: Image) => tf.Tensor>> = {
  'elementwise functions': (x) =>
    tf.addN([x.sigmoid(), x.tanh(), x.square().add(1).sqrt(), x.square().add(1).rsqrt(), x.abs().log1p(), x.neg().softplus(), x.elu(), x.selu(), x.clipByValue(0, 6), x.sin(), x.expm1().relu(), x.sign(), x.floor(), x.ceil(), x.round(), x.erf(), x.leakyRelu(0.3)]),
  'sums, quotients and powers': (x) => x.sub(2).div(x.abs().add(1)).mul(x).maximum(0.1).minimum(3).pow(2).squaredDifference(x),
  'whole numbers divided down': (x) => x.mul(3).toInt().floorDiv(tf.scalar(-2, 'int32')).add(x.toInt().mod(tf.scalar(3, 'int32'))),
  'remainders of floats': (x) => x.mod(0.7).add(x.div(0.3).floor()),
  'comparisons and choices': (x) => tf.where(x.greater(0.5).logicalAnd(x.less(0.9).logicalNot()), x, x.equal(0).toFloat()),
  'convolutions of every padding': (x) =>
    tf.conv2d(tf.conv2d(x, filter([3, 3, 3, 4]), 1, 'same'), filter([2, 3, 4, 5]), 2, 'valid').add(tf.tensor1d([1, 2, 3, 4, 5])).relu6(),
  'dilated and depthwise convolutions': (x) =>
    tf.depthwiseConv2d(tf.conv2d(x, filter([3, 3, 3, 4]), 1, 'same', 'NHWC', 2), filter([3, 3, 4, 2]), [2, 2], 'same'),
  'a transposed convolution': (x) => tf.conv2dTranspose(tf.image.resizeBilinear(x, [5, 4]), filter([3, 3, 2, 3]), [x.shape[0], 10, 8, 2], 2, 'same'),
  pools: (x) => tf.concat([tf.maxPool(x, 3, 2, 'same'), tf.avgPool(x, 3, 2, 'same')], -1),
  'resizing, by the two grids and to the nearest pixel': (x) =>
    tf.addN([tf.image.resizeBilinear(x, [7, 5], false, true), tf.image.resizeBilinear(x, [7, 5], true), tf.image.resizeBilinear(x, [7, 5]), tf.image.resizeNearestNeighbor(x, [7, 5])]),
  'means, extremes and sums over dimensions': (x) =>
    tf.concat([x.mean([1, 2]), x.max([1, 2]), x.min([1, 2]), x.sum([1, 2]), x.sub(x.mean([1, 2], true)).prod([1, 2]), x.mean(3).mean(2).mean(1, true).mul([1, 1, 1])], 0),
  'the largest, and whether any': (x) => tf.addN([x.argMax(3).toFloat(), x.argMin(3).toFloat(), x.greater(0.9).any(3).toFloat(), x.greater(0.01).all(3).toFloat()]),
  'the best three of a flat picture': (x) => tf.topk(tf.image.resizeBilinear(x, [2, 2]).reshape([-1, 12]), 3).values,
  'softmax and its logarithm': (x) => x.softmax().add(x.logSoftmax()),
  'products of matrices': (x) => {
    const rows = x.mean<tf.Tensor3D>(1);
    return tf.matMul(rows, rows, true, false).add(tf.matMul(tf.ones([3, 3]), tf.eye(3)));
  },
  'joining, cutting and turning': (x) => {
    const [first, rest] = tf.split(tf.image.resizeBilinear(x, [4, 6]), [1, 3], 1);
    return tf.concat([tf.tile(first as Image, [1, 3, 1, 1]), tf.reverse(rest as Image, [2])], 3).transpose([0, 2, 1, 3]);
  },
  'slices with strides and open ends': (x) => tf.stridedSlice(x, [0, 1, 0, 0], [0, 0, 0, 2], [1, 2, 1, 1], 1 + 2 + 4, 1 + 2 + 4).slice([0, 0, 1, 0], [-1, -1, 2, -1]),
  'padding by zeros, by a number and by reflection': (x) =>
    tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]).add(tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]], 0.5)).add(tf.mirrorPad(x, [[0, 0], [1, 2], [0, 1], [0, 0]], 'reflect')), // prettier-ignore
  'sizes that are computed from the picture': (x) => tf.concat([x, tf.zerosLike(x), tf.onesLike(x), tf.zeros([...x.shape] as [number, number, number, number])], 3),
  'gathering, and one of many': (x) => tf.oneHot(x.mean([1, 2]).argMax(1).toInt(), 3).add(tf.gather(x.mean([1, 2]), tf.tensor1d([2, 0, 1], 'int32'), 1)),
  'stacking, unstacking and running sums': (x) => tf.stack(tf.unstack(tf.image.resizeBilinear(x, [2, 3]), 1), 3).cumsum(1),
}; // prettier-ignore

function filter(shape: [number, number, number, number]): tf.Tensor4D {
  return tf.randomUniform(shape, -1, 1, 'float32', 5);
}

/** Traced once for all formats. */
const kept = new Map<unknown, ReturnType<typeof trace>>();

function traced(fn: (x: Image) => tf.Tensor) {
  const known = kept.get(fn) ?? trace(fn);
  kept.set(fn, known);
  return known;
}

function trace(fn: (x: Image) => tf.Tensor) {
  return tfFunction(fn, { inputSignature: { x: tensorSpec('float32', [null, null, null, 3]) }, name: 'exported' });
}

const sizes = [[2, 9, 7, 3], [1, 6, 8, 3]] as const; // prettier-ignore

/** Largest difference between a function and its graph in a runtime, over pictures of two sizes. */
async function largestDifference(
  fn: (x: Image) => tf.Tensor,
  run: (x: Image) => Promise<ArrayLike<number>>,
): Promise<number> {
  let largest = 0;
  for (const shape of sizes) {
    const x = tf.randomUniform<tf.Rank.R4>([...shape], 0, 1, 'float32', 7);
    const expected = tf.tidy(() => fn(x)).dataSync();
    const found = await run(x);
    expect(found).toHaveLength(expected.length);
    expected.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - Number(found[i])))));
  }
  return largest;
}

describe('an ONNX file computes what the function does, in ONNX Runtime', () => {
  it.each(Object.entries(functions))('%s', async (_, fn) => {
    const file = path.join(await temporaryFolder(), 'fn.onnx');
    await exportOnnx(traced(fn), file);
    const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
    const difference = await largestDifference(fn, async (x) => {
      const feeds = { x: new ort.Tensor('float32', x.dataSync<'float32'>(), x.shape) };
      return (await session.run(feeds)).output_0?.data as Float32Array;
    });
    await session.release();
    expect(difference).toBeLessThan(2e-5);
  });
});

describe('a GraphModel computes what the function does, in TensorFlow.js', () => {
  it.each(Object.entries(functions))('%s', async (_, fn) => {
    const folder = path.join(await temporaryFolder(), 'fn');
    await exportGraphModel(traced(fn), folder);
    const json = JSON.parse(await readFile(path.join(folder, 'model.json'), 'utf8')) as { modelTopology: object; weightsManifest: { paths: string[]; weights: io.WeightsManifestEntry[] }[] }; // prettier-ignore
    const weights = await readFile(path.join(folder, json.weightsManifest[0]?.paths[0] ?? ''));
    const model = await loadGraphModel(
      io.fromMemory({
        ...json,
        weightSpecs: json.weightsManifest[0]?.weights,
        weightData: new Uint8Array(weights).buffer,
      }),
    );
    const difference = await largestDifference(fn, (x) =>
      Promise.resolve((model.execute({ x }) as unknown as tf.Tensor).dataSync()),
    );
    model.dispose();
    expect(difference).toBeLessThan(2e-5);
  });
});

it('a GraphModel adds biases and activates in the op before, where nothing else takes its result', async () => {
  const bias = tf.tensor1d([1, -2, 3]);
  const fn = traced((x) => {
    const first = tf.relu(tf.add(tf.conv2d(x, filter([3, 3, 3, 3]), 1, 'same'), bias));
    const second = tf.relu6(tf.add(tf.depthwiseConv2d(first as Image, filter([3, 3, 3, 1]), 1, 'same'), bias));
    const taken = tf.conv2d(second as Image, filter([1, 1, 3, 3]), 1, 'same');
    return tf.add(taken, tf.sigmoid(tf.add(taken, bias)));
  });
  const folder = path.join(await temporaryFolder(), 'fn');
  await exportGraphModel(fn, folder);
  const json = JSON.parse(await readFile(path.join(folder, 'model.json'), 'utf8')) as { modelTopology: { node: { op: string }[] } }; // prettier-ignore
  const ops = json.modelTopology.node.map(({ op }) => op).filter((op) => /Conv|Relu|Add/.test(op));
  expect(ops.sort()).toEqual(['Add', 'Add', 'Conv2D', 'FusedDepthwiseConv2dNative', '_FusedConv2D']);
});

it('a function whose unknown sizes must be equal is exported', async () => {
  const fn = tfFunction((x: tf.Tensor2D, y: tf.Tensor1D) => x.mul(y).add(tf.matMul(x, x)), {
    inputSignature: { x: tensorSpec('float32', ['n', 'n']), y: tensorSpec('float32', ['n']) },
    name: 'square',
  });
  const file = path.join(await temporaryFolder(), 'square.onnx');
  await exportOnnx(fn, file);
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]);
  const { output_0: output } = await session.run({ x, y: new ort.Tensor('float32', Float32Array.of(1, 10), [2]) });
  await session.release();
  expect([...(output?.data as Float32Array)]).toEqual([8, 30, 18, 62]);
});

describe('LiteRT', () => {
  it('a file is converted, and holds its metadata', async () => {
    const file = path.join(await temporaryFolder(), 'fn.tflite');
    await exportLiteRT(
      traced((x) => x.mean([1, 2])),
      file,
      { metadata: { class_names: 'cat\ndog' } },
    );
    const content = await readFile(file);
    expect(content.subarray(4, 8).toString()).toBe('TFL3');
    expect(content.includes('cat\ndog')).toBe(true);
  });

  it('a file of a classifier is a ZIP archive too, with its labels, and names a size though it takes all', async () => {
    const directory = await temporaryFolder();
    const fn = traced((x) => x.mean([1, 2]));
    await writeParts(directory, { functions: { fn: fn.getConcreteFunction() }, signatures: { serving_default: 'fn' } });
    const classNames = ['cat', 'dog', 'Kühe'];
    const facts = { name: 'Pets', description: 'Tells pets apart.', version: '3', classNames, isMultiLabel: true };
    const options = { classifier: { ...facts, inputSize: [20, 30] as const } };
    const content = (await exportFiles(directory, 'litert', options)).get('model.tflite') ?? new Uint8Array();
    const read = Object.entries(unzipSync(content)).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
    expect(read).toEqual([
      ['labels.txt', 'cat\ndog\nKühe'],
      ['score_calibration.txt', '1,1,0\n1,1,0\n1,1,0'],
    ]);
    const text = Buffer.from(content).toString('latin1');
    for (const part of ['TFLITE_METADATA', 'M001', 'Pets', 'Tells pets apart.']) expect(text).toContain(part);
    const sizes = Buffer.from(Int32Array.of(4, 1, 20, 30, 3).buffer).toString('latin1');
    expect(text.split(sizes)).toHaveLength(2);
  });

  it('refuses to add metadata to what is not a LiteRT file', () => {
    expect(() =>
      addMetadata(Buffer.from('a cat, not a model'), { class_names: 'cat' }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: The converter did not write a LiteRT file: it does not begin with TFL3.]`,
    );
  });
});

describe('what a format cannot carry is refused with function, node and line, and what to do', () => {
  const refused = {
    cropAndResize: (x: Image) => tf.image.cropAndResize(x, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], 'int32'), [3, 3]),
    bincount: (x: Image) => tf.bincount(x.flatten().mul<tf.Tensor1D>(3).toInt(), tf.tensor1d([]), 3).toFloat(),
    fft: (x: Image) => tf.abs(tf.spectral.fft(tf.complex(x.flatten(), x.flatten()))),
    cond: (x: Image) => cond(x.sum().greater(1), () => x.add(1), () => x.sub(1)),
    mapFn: (x: Image) => mapFn((image) => image.sum(), x),
  }; // prettier-ignore

  it.each(Object.entries(refused))('%s', async (name, fn) => {
    const file = path.join(await temporaryFolder(), 'fn');
    const messages = await Promise.all(
      [exportOnnx, exportGraphModel, exportLiteRT].map((write) =>
        write(tfFunction(fn, { inputSignature: { x: tensorSpec('float32', [null, null, null, 3]) }, name }), file).then(
          () => 'exported',
          (error: unknown) => String(error),
        ),
      ),
    );
    const lines = (await readFile('test/export/formats.test.ts', 'utf8')).split('\n');
    const source = (_: string, line: string) => `the line "${lines[Number(line) - 1]?.trim().slice(0, 24)}"`;
    expect(messages.map((each) => each.replace(/test.export.formats\.test\.ts:(\d+):\d+/, source))).toMatchSnapshot();
  });

  it('a quantization that a format does not have', async () => {
    await expect(exportFiles('nowhere', 'onnx', { quantize: 'dynamic' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SignetError: The format onnx has the quantizations none, float16, weights. Received: dynamic.]`,
    );
  });
});
