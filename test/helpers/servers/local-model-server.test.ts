import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LocalModelServer } from './local-model-server.js';
import type { PredictRequest } from '../../../src/serving/model-server.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { temporaryFolderForAll } from '../temporary-folder.js';

class Types extends Servable {
  readonly all = tfFunction(
    (f: tf.Tensor, i: tf.Tensor, l: tf.Tensor, u: tf.Tensor, b: tf.Tensor, s: tf.Tensor) => ({ f, i, l, u, b, s }),
    {
      inputSignature: {
        f: tensorSpec('float32', [null]),
        i: tensorSpec('int32', [null, 2]),
        l: tensorSpec('int64', []),
        u: tensorSpec('uint8', [null]),
        b: tensorSpec('bool', [null]),
        s: tensorSpec('string', [null]),
      },
    },
  );
}

const value = (dtype: TensorValue['dtype'], shape: number[], values: TensorValue['values']): TensorValue => ({
  dtype,
  shape,
  values,
});
const inputs = {
  f: value('float32', [2], Float32Array.of(1.5, NaN)),
  i: value('int32', [1, 2], Int32Array.of(-7, 8)),
  l: value('int64', [], BigInt64Array.of(-9n)),
  u: value('uint8', [3], Uint8Array.of(0, 128, 255)),
  b: value('bool', [2], Uint8Array.of(1, 0)),
  s: value('string', [2], [Uint8Array.of(0, 255), Buffer.from('héllo')]),
};

let server: LocalModelServer;

beforeAll(async () => {
  const directory = path.join(await temporaryFolderForAll(), '7');
  const types = new Types();
  await types.save(directory, { signatures: { serving_default: types.all } });
  server = await LocalModelServer.load(directory, 'types', 7);
});
afterAll(() => server.dispose());

const ask = (request: Partial<PredictRequest>) => server.predict({ spec: { name: 'types' }, inputs, ...request });

describe('LocalModelServer', () => {
  it('carries every type as it is, in and out', async () => {
    const { outputs, version, signatureName } = await ask({});
    expect([version.version, signatureName]).toEqual([7, 'serving_default']);
    expect(outputs.f).toEqual(inputs.f);
    expect(outputs.i).toEqual(inputs.i);
    expect(outputs.l).toEqual({ dtype: 'int32', shape: [], values: Int32Array.of(-9) });
    expect(outputs.u).toEqual({ dtype: 'int32', shape: [3], values: Int32Array.of(0, 128, 255) });
    expect(outputs.b).toEqual(inputs.b);
    expect((outputs.s?.values as Uint8Array[]).map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual([
      '00ff',
      Buffer.from('héllo').toString('hex'),
    ]);
  });

  it('takes a scalar string for a vector, and gives the outputs that are asked for', async () => {
    const scalar = { ...inputs, s: value('string', [], [Buffer.from('x')]) };
    const { outputs } = await ask({ inputs: scalar, outputFilter: ['s'] });
    expect(outputs).toEqual({ s: { dtype: 'string', shape: [], values: [new Uint8Array(Buffer.from('x'))] } });
  });

  it.each<[string, Partial<PredictRequest>, string, string]>([
    ['a model', { spec: { name: 'foo' } }, 'NOT_FOUND', 'Servable not found for request: Latest(foo)'],
    ['a version', { spec: { name: 'types', version: 8 } }, 'NOT_FOUND', 'Servable not found for request: Specific(types, 8)'],
    ['a label', { spec: { name: 'types', label: 'x' } }, 'INVALID_ARGUMENT', 'Unrecognized servable version label: x'],
    ['a signature', { signatureName: 'x' }, 'FAILED_PRECONDITION', 'Serving signature key "x" not found.'],
    ['an output', { outputFilter: ['x'] }, 'INVALID_ARGUMENT', 'output tensor alias not found in signature: x Outputs expected to be in the set {b,f,i,l,s,u}.'],
    ['an output twice', { outputFilter: ['s', 's'] }, 'INVALID_ARGUMENT', 'duplicate output tensor alias: s'],
    ['no inputs', { inputs: {} }, 'INVALID_ARGUMENT', 'input size does not match signature: 0!=6 len({}) != len({f,i,l,u,b,s}). Sent extra: {}. Missing but required: {f,i,l,u,b,s}.'],
    ['another type', { inputs: { ...inputs, f: inputs.i } }, 'INVALID_ARGUMENT', 'The input "f" accepts float32[?]. Received: int32[1, 2]. Send float32: in Python, x.astype(np.float32).'],
    ['another shape', { inputs: { ...inputs, i: value('int32', [2], Int32Array.of(1, 2)) } }, 'INVALID_ARGUMENT', 'The input "i" accepts int32[?, 2]. Received: int32[2].'],
  ])('refuses %s in the words of TensorFlow Serving', async (_, request, status, message) => {
    await expect(ask(request)).rejects.toMatchObject({ status, message });
  }); // prettier-ignore

  it('leaves no tensor behind', async () => {
    await ask({});
    const before = tf.memory().numTensors;
    await ask({});
    expect(tf.memory().numTensors).toBe(before);
  });
});
