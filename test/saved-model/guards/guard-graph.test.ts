import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { create } from '@bufbuild/protobuf';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { guardGraph } from '../../../src/saved-model/guards/guard-graph.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { InferenceWorker } from '../../../src/serving/worker/inference-worker.js';
import { GraphDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { attr } from '../../../src/tracing/attr-value.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { placeholder, type RawGraph, saveRawModel, windowAttributes } from './raw-saved-model.js';

const float = attr.type(DataType.DT_FLOAT);

/** MaxPool of 3 x 3 in the graph itself. */
const pool: RawGraph = {
  node: [
    placeholder('x'),
    { name: 'pool', op: 'MaxPool', input: ['x'], attr: windowAttributes([1, 3, 3, 1], 'VALID') },
  ],
};

/** The same in a function that the graph calls. */
const poolInFunction: RawGraph = {
  node: [
    placeholder('x'),
    { name: 'call', op: 'PartitionedCall', input: ['x'], attr: { f: attr.func('body'), Tin: attr.types([DataType.DT_FLOAT]), Tout: attr.types([DataType.DT_FLOAT]) } },
  ],
  library: {
    function: [
      {
        signature: { name: 'body', inputArg: [{ name: 'a', type: DataType.DT_FLOAT }], outputArg: [{ name: 'r', type: DataType.DT_FLOAT }] },
        nodeDef: [
          { name: 'relu', op: 'Relu', input: ['a'], attr: { T: float } },
          { name: 'pool', op: 'MaxPool', input: ['relu:activations:0'], attr: windowAttributes([1, 3, 3, 1], 'VALID') },
        ],
        ret: { r: 'pool:output:0' },
      },
    ],
  },
}; // prettier-ignore

const convolution: RawGraph = {
  node: [
    placeholder('x'),
    placeholder('filter'),
    { name: 'conv', op: 'Conv2D', input: ['x', 'filter'], attr: windowAttributes(null, 'VALID') },
  ],
};

const product: RawGraph = {
  node: [
    placeholder('x'),
    placeholder('w'),
    { name: 'product', op: 'BatchMatMulV2', input: ['x', 'w'], attr: { T: float } },
    { name: 'twice', op: 'AddV2', input: ['product', 'product:0'], attr: { T: float } },
  ],
};

const spectrum: RawGraph = {
  node: [
    placeholder('x'),
    placeholder('length', DataType.DT_INT32),
    { name: 'rfft', op: 'RFFT', input: ['x', 'length'], attr: {} },
    { name: 'abs', op: 'ComplexAbs', input: ['rfft'], attr: {} },
  ],
};

const transposed: RawGraph = {
  node: [
    placeholder('x'),
    placeholder('filter'),
    placeholder('sizes', DataType.DT_INT32),
    { name: 'y', op: 'Conv2DBackpropInput', input: ['sizes', 'filter', 'x'], attr: windowAttributes(null, 'SAME') },
  ],
};

const encoded: RawGraph = {
  node: [
    placeholder('x'),
    { name: 'bytes', op: 'Cast', input: ['x'], attr: { SrcT: float, DstT: attr.type(DataType.DT_UINT8) } },
    { name: 'png', op: 'EncodePng', input: ['bytes'] },
    { name: 'again', op: 'DecodePng', input: ['png'] },
    { name: 'y', op: 'Cast', input: ['again'], attr: { SrcT: attr.type(DataType.DT_UINT8), DstT: float } },
  ],
};

const ones = (...shape: number[]) => tf.ones(shape);
const ints = (...values: number[]) => tf.tensor1d(values, 'int32');
const float32 = DataType.DT_FLOAT;

async function load(graph: RawGraph, inputs: readonly string[], output: string): Promise<LoadedSavedModel> {
  const types = inputs.map((name) => [name, name === 'length' || name === 'sizes' ? DataType.DT_INT32 : float32]);
  const directory = path.join(await temporaryFolder(), '1');
  const specs = Object.fromEntries(types) as Record<string, DataType>;
  const model = await LoadedSavedModel.load(await saveRawModel(directory, graph, specs, output));
  onTestFinished(() => model.dispose());
  return model;
}

describe("somebody else's graph that would end the process", () => {
  it.each([
    ['a pool', pool, 'pool:0', { x: ones(1, 2, 9, 3) }, 'takes inputs at least as large as its window, 3 x 3. Received:] [2 9]'],
    ['a pool in a function', poolInFunction, 'call:0', { x: ones(1, 2, 9, 3) }, 'as large as its window, 3 x 3. Received:'],
    ['a filter that a request brings', convolution, 'conv:0', { x: ones(1, 4, 2, 2), filter: ones(3, 3, 2, 1) }, 'as large as its filter'],
    ['a spectrum of no length', spectrum, 'abs:0', { x: ones(4), length: ints(0) }, 'RFFT takes a length of 1 and more. Received:'],
    ['a picture without pixels', encoded, 'y:0', { x: ones(8, 0, 3) }, 'EncodePng takes no empty input 0. Received sizes:'],
    ['a transposed convolution', transposed, 'y:0', { x: ones(1, 0, 2, 1), filter: ones(2, 2, 1, 1), sizes: ints(1, -1, 2, 1) }, 'takes sizes of 0 and more for its output'],
  ])('%s is an error', async (_, graph, output, inputs, message) => {
    const model = await load(graph, Object.keys(inputs), output);
    expect(() => model.call('serving_default', inputs)).toThrow(message);
  }); // prettier-ignore

  it.each([
    ['a pool', pool, 'pool:0', { x: ones(2, 3, 4, 1) }, [2, 1, 2, 1]],
    ['a pool in a function', poolInFunction, 'call:0', { x: ones(2, 3, 4, 1) }, [2, 1, 2, 1]],
    ['a convolution', convolution, 'conv:0', { x: ones(1, 3, 4, 2), filter: ones(3, 2, 2, 5) }, [1, 1, 3, 5]],
    ['a spectrum', spectrum, 'abs:0', { x: ones(4), length: ints(4) }, [3]],
    ['a picture', encoded, 'y:0', { x: ones(2, 1, 3) }, [2, 1, 3]],
    ['a transposed convolution', transposed, 'y:0', { x: ones(1, 1, 2, 1), filter: ones(2, 2, 1, 1), sizes: ints(1, 1, 2, 1) }, [1, 1, 2, 1]],
  ])('%s is computed where sizes fit', async (_, graph, output, inputs, shape) => {
    const model = await load(graph, Object.keys(inputs), output);
    expect(model.call('serving_default', inputs).y?.shape).toEqual(shape);
  }); // prettier-ignore

  it.each([
    [[9, 1, 13, 16], [16, 8]],
    [[3, 1, 5, 4], [1, 1, 4, 2]],
    [[3, 1, 5, 4], [3, 1, 4, 2]],
    [[3, 1, 5, 4], [2, 4, 2]],
    [[2, 3, 5, 4], [4, 2]],
    [[3, 5, 4], [4, 2]],
    [[5, 4], [4, 2]],
    [[5, 4], [3, 1, 4, 2]],
    [[3, 1, 5, 4], [1, 1, 1, 4, 2]],
    [[0, 1, 5, 4], [4, 2]],
  ])('a product of %j by %j is what it should be', async (x, w) => {
    const model = await load(product, ['x', 'w'], 'twice:0');
    const [a, b] = [tf.randomUniform(x), tf.randomUniform(w)];
    // By sums of products of elements, which no kernel of products computes.
    const rows = tf.expandDims(a, -1);
    const expected = tf.mul(2, tf.sum(tf.mul(rows, tf.expandDims(b, -3)), -2));
    for (let i = 0; i < 20; i++) {
      const y = tf.tidy(() => model.call('serving_default', { x: a, w: b }).y ?? tf.scalar(NaN));
      expect(y.shape).toEqual(expected.shape);
      if (y.size > 0) expect(tf.max(tf.abs(tf.sub(y, expected))).dataSync()[0]).toBeLessThan(1e-4);
      y.dispose();
    }
  }); // prettier-ignore
});

describe('guardGraph', () => {
  it('leaves what the graph says to fit', () => {
    const known = ({ node }: RawGraph, ...sizes: number[][]) =>
      create(GraphDefSchema, {
        node: node.map((each, i) => {
          const shape = sizes[i];
          return shape ? { ...each, attr: { ...each.attr, _output_shapes: attr.shapes([shape]) } } : each;
        }),
      });
    const guarded = [
      known(pool, [-1, 3, 8, 3]),
      known(pool, [-1, 2, 8, 3]),
      known(pool, [-1, -1, 8, 3]),
      known(convolution, [-1, 8, 8, 3], [3, 3, 3, 4]),
      known(product, [-1, 12, -1, 8], [8, 8]),
      known(product, [-1, -1, 8]),
      known(product, [-1, -1, -1, 8], [-1, 2, 8, 8]),
      known(product, [-1, -1, -1, 8]),
    ].map((graph) => guardGraph(graph).join());
    expect(guarded).toEqual(['', 'MaxPool', 'MaxPool', '', '', '', '', 'BatchMatMulV2']);
  });
});

describe('LoadedSavedModel', () => {
  it("runs Signet's own models as they are, and leaves no copy of others behind", async () => {
    const temporary = await temporaryFolder();
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const copies = async () => (await readdir(temporary)).filter((name) => name.startsWith('signet-guarded-'));
    const own = await LoadedSavedModel.load(await saveScale(await temporaryFolder(), 3));
    expect(await copies()).toEqual([]);
    const other = await load(pool, ['x'], 'pool:0');
    expect(await copies()).toHaveLength(1);
    other.dispose();
    own.dispose();
    expect(await copies()).toEqual([]);
  });
});

it('a server answers a request that would end it, and the next', async () => {
  const directory = path.join(await temporaryFolder(), '1');
  const worker = await InferenceWorker.start(await saveRawModel(directory, pool, { x: float32 }, 'pool:0'));
  onTestFinished(() => worker.end());
  const picture = (size: number): TensorValue => ({
    dtype: 'float32',
    shape: [1, size, size, 1],
    values: new Float32Array(size * size),
  });
  await expect(worker.call('serving_default', { x: picture(2) })).rejects.toMatchObject({
    status: 'INVALID_ARGUMENT',
    message: expect.stringContaining('Received:') as string,
  });
  const { outputs } = await worker.call('serving_default', { x: picture(4) });
  expect(outputs.y?.shape).toEqual([1, 2, 2, 1]);
});
