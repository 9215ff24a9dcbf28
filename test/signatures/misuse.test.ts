import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { SignetError } from '../../src/errors.js';
import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { readFile } from '../../src/ops/read-file.js';
import { whileLoop } from '../../src/ops/while-loop.js';
import { saveServable, type SaveServableOptions } from '../../src/signatures/save-servable.js';
import { Servable } from '../../src/signatures/servable.js';
import * as tf from '../../src/tensorflow/tf.js';
import { asset } from '../../src/tracing/asset.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { type InputSignature, tfFunction } from '../../src/tracing/tf-function.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  await mkdir(path.join(folder, 'assets'));
  await writeFile(path.join(folder, 'labels.txt'), 'a\nb\n');
});

const x = { x: tensorSpec('float32', [null, 3]) };
const twoRows = tf.ones([2, 3]);
const variable = tf.variable(tf.ones([3]));
// What a person in JavaScript may write: nothing is checked before it runs.
const trace = (fn: unknown, inputSignature: unknown = x) =>
  tfFunction(fn as () => tf.Tensor, {
    inputSignature: inputSignature as InputSignature,
    name: 'predict',
  }).getConcreteFunction();
const call = (...args: unknown[]) =>
  (
    tfFunction((t: tf.Tensor) => t, { inputSignature: x, name: 'predict' }) as unknown as (
      ...args: unknown[]
    ) => unknown
  )(...args);
const identity = tfFunction((t: tf.Tensor) => t, { inputSignature: x });
const save = (fields: object, signatures: unknown = {}) =>
  saveServable(fields, path.join(folder, 'saved'), { signatures: signatures as SaveServableOptions['signatures'] });

/** What was done, the code, what the message says was wrong, and what it says to do. */
const tracing: [string, () => unknown, string, RegExp, RegExp][] = [
  ['a value is read', () => trace((t: tf.Tensor) => tf.mul(t, t.arraySync())), 'NOT_TRACEABLE', /The argument "x" .* is read into JavaScript/, /Compute with tensors throughout/],
  ['a branch on a value', () => trace((t: tf.Tensor) => ((tf.sum(t).dataSync()[0] ?? 0) > 0 ? t : tf.neg(t))), 'NOT_TRACEABLE', /result of Sum/, /Compute with tensors throughout/],
  ['a branch on a size', () => trace((t: tf.Tensor) => (t.size > 6 ? tf.square(t) : tf.exp(t))), 'NOT_TRACEABLE', /takes another path for other sizes/, /fix the size in the signature/],
  ['a loop over an unknown size', () => trace((t: tf.Tensor) => tf.addN(tf.unstack(t))), 'NOT_TRACEABLE', /takes another path|depends on a size/, /fix the size in the signature/],
  ['a draw in JavaScript', () => trace((t: tf.Tensor) => tf.add(t, tf.randomNormal([3]))), 'NOT_TRACEABLE', /another at every trace/, /draw with randomUniform or randomNormal of signet-ml, which draw at every call, or outside/],
  ['an async function', () => trace(async (t: tf.Tensor) => Promise.resolve(t)), 'NOT_TRACEABLE', /a promise/, /not async/],
  ['no result', () => trace(() => undefined), 'NOT_TRACEABLE', /Received: undefined/, /returns a tensor, or an object of tensors/],
  ['a list as a result', () => trace((t: tf.Tensor) => [t]), 'NOT_TRACEABLE', /Received: a list/, /name its elements/],
  ['nested results', () => trace((t: tf.Tensor) => ({ a: { b: t } })), 'NOT_TRACEABLE', /Received: { a }/, /an object of tensors by name/],
  ['a result name that TensorFlow does not take', () => trace((t: tf.Tensor) => ({ 'top-1': t })), 'INVALID_ARGUMENT', /"top-1"/, /letters, digits and _/],
  ['an argument name that TensorFlow does not take', () => trace((t: tf.Tensor) => t, { 'image bytes': tensorSpec('string', []) }), 'INVALID_ARGUMENT', /"image bytes"/, /letters, digits and _/],
  ['more parameters than the signature has', () => trace((a: tf.Tensor, b: tf.Tensor) => tf.add(a, b)), 'NOT_TRACEABLE', /takes 2 arguments/, /inputSignature names 1: x/],
  ['sizes that must be equal and are not named', () => trace((a: tf.Tensor, b: tf.Tensor) => tf.add(a, b), { a: tensorSpec('float32', [null]), b: tensorSpec('float32', [null]) }), 'NOT_TRACEABLE', /tried out with a \[\d+\], b \[\d+\]/, /get one name in the input signature/],
  ['a rank that the function does not take', () => trace((t: tf.Tensor) => tf.image.resizeBilinear(t as tf.Tensor3D, [2, 2])), 'NOT_TRACEABLE', /must be rank 3 or 4/, /input signature/],
  ['a variable made at every call', () => trace((t: tf.Tensor) => tf.add(t, tf.variable(tf.zeros([3])))), 'NOT_TRACEABLE', /makes new ones at every call/, /make them outside/],
  ['a variable assigned in a body', () => trace((t: tf.Tensor) => mapFn((row) => { variable.assign(row); return row; }, t)), 'NOT_TRACEABLE', /assigns the variable/, /assign it outside/],
  ['branches of different types', () => trace((t: tf.Tensor) => cond(tf.greater(tf.sum(t), 0), () => t, () => tf.cast(t, 'int32'))), 'NOT_TRACEABLE', /float32\[2, 3\] and int32\[2, 3\]/, /the same types and ranks/],
  ['a loop variable that changes its shape', () => trace((t: tf.Tensor) => whileLoop((y) => tf.less(tf.sum(y), 100), (y) => [tf.concat([y, y])], [t])[0]), 'NOT_TRACEABLE', /starts as float32\[2, 3\] and the body makes it float32\[4, 3\]/, /shapeInvariants/],
  ['no input signature', () => tfFunction((t: tf.Tensor) => t).getConcreteFunction(), 'NOT_TRACEABLE', /has no inputSignature/, /Give tfFunction one/],
  ['a type that no signature has', () => tensorSpec('qint8' as never, []), 'INVALID_SHAPE', /Received: qint8/, /one of float32, float64/],
  ['a negative size', () => tensorSpec('float32', [-1, 3]), 'INVALID_SHAPE', /Received: -1 in \[-1, 3\]/, /a size, a name or null/],
  ['a call with another type', () => call(tf.ones([2, 3], 'int32')), 'SPEC_MISMATCH', /Received: int32\[2, 3\]/, /accepts float32\[\?, 3\]/],
  ['a call with another shape', () => call(tf.ones([3])), 'SPEC_MISMATCH', /Received: float32\[3\]/, /accepts float32\[\?, 3\]/],
  ['a call with numbers', () => call([[1, 2, 3]]), 'SPEC_MISMATCH', /Received: object/, /make a tensor of it first, with tf.tensor/],
  ['a call without an argument', () => call(), 'SPEC_MISMATCH', /Received: nothing/, /takes x: float32\[\?, 3\]/],
  ['a call with too many arguments', () => call(twoRows, twoRows), 'SPEC_MISMATCH', /Received: 2/, /takes 1 argument: x/],
]; // prettier-ignore

const exporting: [string, () => unknown, string, RegExp, RegExp][] = [
  ['an ordinary function as a signature', () => save({}, { serving_default: (t: tf.Tensor) => t }), 'INVALID_SIGNATURE', /Received: an ordinary function/, /Wrap a method with tfFunction/],
  ['something else as a signature', () => save({}, { serving_default: { method: 'predict' } }), 'INVALID_SIGNATURE', /Received: { method }/, /{ function, method, outputs }/],
  ['no signatures', () => save({}, null), 'INVALID_SIGNATURE', /signatures/, /serving_default: this.predict/],
  ['a key that TensorFlow does not take', () => save({}, { 'my signature': identity }), 'INVALID_ARGUMENT', /"my signature"/, /letters, digits and _/],
  ['a method that TensorFlow Serving does not have', () => save({}, { a: { function: identity, method: 'generate' } }), 'INVALID_SIGNATURE', /"generate"/, /predict, classify, regress/],
  ['an output that the function does not return', () => save({}, { a: { function: identity, outputs: { label: 'lable' } } }), 'INVALID_SIGNATURE', /the result "lable"/, /one of output_0/],
  ['no outputs', () => save({}, { a: { function: identity, outputs: {} } }), 'INVALID_SIGNATURE', /has no outputs/, /at least one/],
  ['a Classify signature that takes tensors', () => save({}, { a: { function: identity, method: 'classify' } }), 'INVALID_SIGNATURE', /takes x: float32\[\?, 3\]/, /serialized tf.Examples, which parseExample reads/],
  ['a Regress signature that gives text', () => save({}, { a: { function: tfFunction((inputs: tf.Tensor) => inputs, { inputSignature: { inputs: tensorSpec('string', [null]) } }), method: 'regress', outputs: 'outputs' } }), 'INVALID_SIGNATURE', /gives outputs: string/, /outputs: float32/],
  ['a field with a reserved name', () => save({ signatures: identity }), 'INVALID_SIGNATURE', /The field "signatures"/, /Rename the field/],
  ['two fields of one name', () => save({ myScale: identity, my_scale: identity }), 'INVALID_SIGNATURE', /called my_scale/, /Rename the field/],
  ['a field name that TensorFlow does not take', () => save({ größe: identity }), 'INVALID_ARGUMENT', /"größe"/, /letters, digits and _/],
  ['a function that cannot be traced', () => save(new (class extends Servable { readonly readsIt = tfFunction((t: tf.Tensor) => tf.scalar(t.dataSync()[0] ?? 0), { inputSignature: x }); })()), 'NOT_TRACEABLE', /Cannot trace "readsIt"/, /Compute with tensors/],
]; // prettier-ignore

const assets: [string, () => unknown, string, RegExp, RegExp][] = [
  ['a file that is not there', () => asset(path.join(folder, 'lables.txt')), 'INVALID_ASSET', /lables.txt does not exist/, /starts at the working directory/],
  ['a folder', () => asset(path.join(folder, 'assets')), 'INVALID_ASSET', /is not a file/, /import.meta.url/],
  ['an address', () => asset(new URL('https://example.com/labels.txt')), 'INVALID_ASSET', /Received: https:/, /a file on this machine/],
  ['a name that leads elsewhere', () => asset({ name: '../labels.txt', content: '' }), 'INVALID_ASSET', /"..\/labels.txt"/, /without folders/],
  ['a name that is a folder', () => asset({ name: '..', content: '' }), 'INVALID_ASSET', /".."/, /without folders/],
  ['a file that has gone before it is saved', async () => { const labels = asset(path.join(folder, 'labels.txt')); await rm(path.join(folder, 'labels.txt')); await save({ labels, read: tfFunction(() => readFile(labels), { inputSignature: {} }) }); }, 'INVALID_ASSET', /labels.txt does not exist/, /starts at the working directory/],
]; // prettier-ignore

describe.each([
  ['tracing', tracing],
  ['exporting', exporting],
  ['assets', assets],
])('%s says what to do for', (_, cases) => {
  it.each(cases)('%s', async (_name, action, code, wrong, advice) => {
    const error = await failureOf(action);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(wrong);
    expect(error.message).toMatch(advice);
  });
});

it('leaves nothing of an export that failed', async () => {
  await expect(save({}, { a: { function: identity, outputs: {} } })).rejects.toThrow(SignetError);
  await expect(writeFile(path.join(folder, 'saved'), '')).resolves.toBeUndefined();
});

async function failureOf(action: () => unknown): Promise<SignetError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof SignetError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
