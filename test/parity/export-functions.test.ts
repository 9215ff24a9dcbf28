import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { io } from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';

import { exportFiles } from '../../src/export/export-files.js';
import { cond, tensorSpec, tf, tfFunction, whileLoop } from '../../src/index.js';
import { writeParts } from '../../src/saved-model/write/write-saved-model.js';
import { exportedExamples } from '../examples/examples.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** Runs LiteRT files; numbers come and go as lists. */
const script = `
import json, sys
import numpy as np, tensorflow as tf
answers = []
for call in json.load(sys.stdin):
    runner = tf.lite.Interpreter(call['file']).get_signature_runner()
    types = {name: detail['dtype'] for name, detail in runner.get_input_details().items()}
    feeds = {name: np.array(given['values'], types[name]).reshape(given['shape']) for name, given in call['inputs'].items()}
    answers.append({name: value.ravel().tolist() for name, value in runner(**feeds).items()})
print(json.dumps(answers))
`;

/** A signature of a SavedModel, with inputs and what they give. */
interface Call {
  /** Of the example or function, and the signature. */
  readonly name: string;
  readonly directory: string;
  readonly signature: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly expected: Readonly<Record<string, tf.Tensor>>;
}
type Numbers = Readonly<Record<string, ArrayLike<number>>>;
type Format = 'litert' | 'tfjs' | 'onnx';

const images = tensorSpec('float32', ['n', 'height', 'width', 3]);
const vectors = tensorSpec('float32', ['n', 3]);

/** Functions of several tensors, and with branches and loops. */
const functions = {
  'two pictures, two results': tfFunction(
    (a: tf.Tensor, b: tf.Tensor) => ({ sum: tf.mean(tf.add(a, b), [1, 2]), rest: tf.sub(tf.max(a, [1, 2]), tf.min(b, [1, 2])) }),
    { inputSignature: { a: images, b: images }, name: 'compare' },
  ),
  'a picture and weights of its channels, floats and whole numbers': tfFunction(
    (x: tf.Tensor, weights: tf.Tensor) => {
      const scores = tf.mul(tf.mean(x, [1, 2]), weights);
      return { best: tf.cast(tf.argMax(scores, 1), 'int32'), scores: tf.softmax(scores) };
    },
    { inputSignature: { x: images, weights: vectors }, name: 'weigh' },
  ),
  'levels, for which rounding counts': tfFunction((x: tf.Tensor) => tf.floor(tf.div(tf.round(tf.mul(x, 410)), 41)), { inputSignature: { x: tensorSpec('float32', ['n', 500]) }, name: 'levels' }),
  'a branch': tfFunction((x: tf.Tensor) => cond(tf.greater(tf.sum(x), 4), () => tf.mul(x, 2), () => tf.sub(x, 1)), { inputSignature: { x: vectors }, name: 'branch' }),
  'a loop': tfFunction(
    (x: tf.Tensor) => whileLoop((i) => tf.less(i, 3), (i, y) => [tf.add(i, 1), tf.mul(y, 2)], [tf.scalar(0), x])[1],
    { inputSignature: { x: vectors }, name: 'loop' },
  ),
} as const; // prettier-ignore

describe.skipIf(!hasPython())('the examples, and functions of several tensors, in every format', () => {
  const calls: Call[] = [];
  const found: Record<string, (Numbers | string)[]> = { litert: [], tfjs: [], onnx: [] };

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    for (const { example, signature, inputs, expected } of await exportedExamples(folder))
      calls.push({
        name: `${example}, ${signature}`,
        directory: path.join(folder, example, '1'),
        signature,
        inputs,
        expected,
      });
    for (const [name, fn] of Object.entries(functions)) {
      const directory = path.join(folder, name);
      await mkdir(directory);
      await writeParts(directory, {
        functions: { fn: fn.getConcreteFunction() },
        signatures: { serving_default: 'fn' },
      });
      for (const n of [1, 3]) calls.push({ name, directory, signature: 'serving_default', ...exampleOf(fn, n) });
    }
    for (const format of ['tfjs', 'onnx'] as const) {
      for (const call of calls) {
        const files = await filesOf(call, format);
        found[format]?.push(typeof files === 'string' ? files : await runners[format](files, call));
      }
    }
    found.litert = await runInLitert(calls, folder);
  }, 120_000);

  it.each(['litert', 'tfjs', 'onnx'])('%s: computes what they do, or says what it cannot have', (format) => {
    const refused: string[] = [];
    for (const [i, { name, expected }] of calls.entries()) {
      const answer = found[format]?.[i] ?? {};
      if (typeof answer === 'string') refused.push(`${name}: ${answer}`);
      else {
        // TensorFlow's converter multiplies by the reciprocal of a constant: a quotient that is exactly a level may be the one below.
        const most = format === 'litert' && name.startsWith('levels') ? 1 : 1e-4;
        expect([name, largestDifference(expected, answer) <= most]).toEqual([name, true]);
      }
    }
    expect([...new Set(refused)]).toMatchSnapshot();
  }); // prettier-ignore
});

function exampleOf(fn: (typeof functions)[keyof typeof functions], n: number): Pick<Call, 'inputs' | 'expected'> {
  const specs = Object.entries(fn.inputSignature ?? {});
  const inputs = Object.fromEntries(
    specs.map(([name, { shape }], i) => [
      name,
      tf.randomUniform(
        (shape ?? []).map((size, k) => (typeof size === 'number' ? size : k === 0 ? n : 4 + k + n)),
        0,
        1,
        'float32',
        n + i,
      ),
    ]),
  );
  const result = (fn as (...args: tf.Tensor[]) => tf.Tensor | Record<string, tf.Tensor>)(...Object.values(inputs));
  const expected = 'dataSync' in result ? { output_0: result as tf.Tensor } : result;
  return { inputs, expected };
}

async function filesOf({ directory, signature }: Call, format: Format): Promise<Map<string, Uint8Array> | string> {
  try {
    return await exportFiles(directory, format, { signature });
  } catch (error) {
    return (error as Error).message;
  }
}

const runners = {
  tfjs: async (files: Map<string, Uint8Array>, { inputs, expected }: Call): Promise<Numbers> => {
    const json = JSON.parse(Buffer.from(files.get('model.json') ?? []).toString()) as io.ModelJSON;
    const weightSpecs = json.weightsManifest.flatMap(({ weights }) => weights);
    const weightData = new Uint8Array(Buffer.concat([...files.values()].slice(1))).buffer;
    const model = await loadGraphModel(io.fromMemory({ ...json, weightSpecs, weightData }));
    const names = Object.keys(expected);
    const outputs = [model.execute(inputs as never, names)].flat();
    model.dispose();
    return Object.fromEntries(names.map((name, i) => [name, outputs[i]?.dataSync() ?? []]));
  },
  onnx: async (files: Map<string, Uint8Array>, { inputs, expected }: Call): Promise<Numbers> => {
    const session = await ort.InferenceSession.create(files.get('model.onnx') ?? new Uint8Array(), { logSeverityLevel: 3 });
    // TF.js has int32 for uint8.
    const isBytes = session.inputMetadata.some((each) => each.isTensor && each.type === 'uint8');
    const feed = (tensor: tf.Tensor) => isBytes ? new ort.Tensor('uint8', Uint8Array.from(tensor.dataSync()), tensor.shape) : new ort.Tensor('float32', tensor.dataSync<'float32'>(), tensor.shape);
    const feeds = Object.entries(inputs).map(([name, tensor]) => [name, feed(tensor)] as const);
    const results = await session.run(Object.fromEntries(feeds));
    await session.release();
    return Object.fromEntries(Object.keys(expected).map((name) => [name, Array.from(results[name]?.data as Float32Array, Number)])); // prettier-ignore
  },
} as const; // prettier-ignore

async function runInLitert(calls: readonly Call[], folder: string): Promise<(Numbers | string)[]> {
  const converted = new Map<string, { readonly file: string } | string>();
  const given: object[] = [];
  for (const call of calls) {
    const known = converted.get(call.name) ?? (await convert(call, path.join(folder, `${converted.size}.tflite`)));
    converted.set(call.name, known);
    if (typeof known === 'string') continue;
    const inputs = Object.entries(call.inputs).map(([name, tensor]) => [name, { shape: tensor.shape, values: [...tensor.dataSync()] }]);
    given.push({ ...known, inputs: Object.fromEntries(inputs) as object });
  }
  const answers = (await runPython(script, given)) as Numbers[];
  return calls.map(({ name }) => {
    const known = converted.get(name);
    return typeof known === 'string' ? known : (answers.shift() ?? {});
  });
} // prettier-ignore

async function convert(call: Call, file: string): Promise<{ readonly file: string } | string> {
  const files = await filesOf(call, 'litert');
  if (typeof files === 'string') return files;
  await writeFile(file, files.get('model.tflite') ?? new Uint8Array());
  return { file };
}

function largestDifference(expected: Call['expected'], found: Numbers): number {
  const differences = Object.entries(expected).flatMap(([name, tensor]) =>
    Array.from(tensor.dataSync(), (value, i) => Math.abs(value - (found[name]?.[i] ?? NaN))),
  );
  return differences.reduce((most, each) => (each <= most ? most : each), 0);
}
