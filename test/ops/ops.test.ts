import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { asString } from '../../src/ops/as-string.js';
import { assertThat } from '../../src/ops/assert-that.js';
import { decodeBase64, encodeBase64 } from '../../src/ops/base64.js';
import { cond } from '../../src/ops/cond.js';
import { convertImageDtype } from '../../src/ops/convert-image-dtype.js';
import { decodeBmp, decodeGif, decodeImage, decodeJpeg, decodePng } from '../../src/ops/decode-image.js';
import { resizeImages } from '../../src/ops/resize-images.js';
import { gatherStrings, lookUpLabel, topLabels } from '../../src/ops/labels.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { parseExample } from '../../src/ops/parse-example.js';
import { randomNormal, randomUniform } from '../../src/ops/random.js';
import { readFile, readFileAt, readLines } from '../../src/ops/read-file.js';
import { regexReplace } from '../../src/ops/regex-replace.js';
import { splitLines } from '../../src/ops/split-lines.js';
import { stringScalar, stringVector } from '../../src/ops/strings.js';
import { whileLoop } from '../../src/ops/while-loop.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { asset } from '../../src/tracing/asset.js';
import { type TensorSpec, tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import type { TfFunctionResult } from '../../src/tracing/trace.js';
import { bmp } from '../data/samples.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { expectSameByEveryRoad } from '../helpers/same-by-every-road.js';
import { serializedExamples } from '../helpers/data/serialized-examples.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const floats = (...shape: (number | null)[]) => tensorSpec('float32', shape);
const strings = (...shape: (number | null)[]) => tensorSpec('string', shape);
const ints = (...shape: (number | null)[]) => tensorSpec('int32', shape);

type Fn = (...args: never[]) => TfFunctionResult;
type Case = [
  what: string,
  fn: Fn,
  signature: Record<string, TensorSpec>,
  calls: () => tf.Tensor[][] | Promise<tf.Tensor[][]>,
];

const [png, jpeg, gif, , , , palette] = await encodedImages();
const bmpFile = bmp();
const bytes = (image: Uint8Array | undefined) => stringScalar(image ?? new Uint8Array());
const labels = asset({ name: 'labels.txt', content: 'ant\r\nbee\ncat\n' });
const oddLines = asset({ name: 'odd.txt', content: Buffer.from('\n\rx\xff\r\n\n', 'latin1') });
const emptyFile = asset({ name: 'empty.txt', content: '' });
const manyLabels = asset({
  name: 'many.txt',
  content: Array.from({ length: 6000 }, (_, i) => `label ${i}\n`).join(''),
});
const one = tf.scalar(1, 'int32');
const offset = tf.variable(tf.tensor1d([1, 2, 3]));

const cases: Case[] = [
  ['decodeJpeg', (image: tf.Tensor) => decodeJpeg(image), { image: strings() }, () => [[bytes(jpeg)]]],
  ['decodeJpeg to gray', (image: tf.Tensor) => decodeJpeg(image, { channels: 1 }), { image: strings() }, () => [[bytes(jpeg)]]],
  ['decodePng to whole numbers', (image: tf.Tensor) => decodePng(image, { dtype: 'int32' }), { image: strings() }, () => [[bytes(png)], [bytes(palette)]]],
  ['decodePng with alpha', (image: tf.Tensor) => decodePng(image, { channels: 4 }), { image: strings() }, () => [[bytes(png)]]],
  ['decodeGif', (image: tf.Tensor) => decodeGif(image), { image: strings() }, () => [[bytes(gif)]]],
  ['decodeBmp', (image: tf.Tensor) => decodeBmp(image, { dtype: 'int32' }), { image: strings() }, () => [[bytes(bmpFile)]]],
  ['decodeImage of a shape of its own, then a mean', (image: tf.Tensor) => tf.mean(decodeImage(image), [0, 1]), { image: strings() }, () => [[bytes(png)], [bytes(jpeg)]]],
  ['convertImageDtype there and back', (image: tf.Tensor) => convertImageDtype(convertImageDtype(decodePng(image, { dtype: 'int32' }), 'float32'), 'int32'), { image: strings() }, () => [[bytes(png)]]],
  ['an argument of uint8', (x: tf.Tensor) => ({ sum: tf.sum(x), scaled: convertImageDtype(x, 'float32') }), { x: tensorSpec('uint8', [null, 3]) }, () => [[tf.tensor2d([[0, 128, 255]], [1, 3], 'int32')]]],
  ['an argument of int64', (x: tf.Tensor) => tf.add(x, 1), { x: tensorSpec('int64', [null]) }, () => [[tf.tensor1d([1, -5], 'int32')]]],
  ['an argument of bool', (x: tf.Tensor) => tf.logicalNot(x), { x: tensorSpec('bool', [null]) }, () => [[tf.tensor1d([true, false], 'bool')]]],
  ['decodeBase64 and encodeBase64', (text: tf.Tensor) => encodeBase64(decodeBase64(text), { pad: true }), { text: strings(null) }, () => [[tf.tensor1d(['aGk_', 'aGk/Pz8+'])]]],
  ['splitLines', (text: tf.Tensor) => splitLines(text), { text: strings() }, () => ['a\nb', 'a\r\nb\r\n', '\n\nx\n\n', 'one'].map((text) => [tf.scalar(text)])],
  ['regexReplace', (text: tf.Tensor) => regexReplace(text, '(a+)b', '<\\1>'), { text: strings(null, null) }, () => [[tf.tensor2d([['aab', 'x', 'abab']])]]],
  ['readFile of an asset', () => readFile(labels), {}, () => [[]]],
  ['readLines of assets', () => ({ lines: readLines(labels), odd: readLines(oddLines), none: readLines(emptyFile) }), {}, () => [[]]],
  ['lookUpLabel in an asset', (i: tf.Tensor) => lookUpLabel(i, labels), { i: ints(null, null) }, () => [[tf.tensor2d([[0, 2], [1, 1]], [2, 2], 'int32')]]],
  ['gatherStrings', (all: tf.Tensor, i: tf.Tensor) => gatherStrings(all, i), { all: strings(null), i: ints(null) }, () => [[tf.tensor1d(['x', 'y', 'z']), tf.tensor1d([2, 0], 'int32')]]],
  ['lookUpLabel by constant indices beyond any sample', () => lookUpLabel(tf.tensor1d([0, 5000], 'int32'), manyLabels), {}, () => [[]]],
  ['topLabels', (x: tf.Tensor) => ({ ...topLabels(x, labels, 2) }), { x: floats(null, 3) }, () => [[tf.tensor2d([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])]]],
  ['asString', (x: tf.Tensor) => ({ short: asString(x), long: asString(x, { precision: 2, width: 8, fill: '0' }), whole: asString(tf.cast(x, 'int32')) }), { x: floats(null) }, () => [[tf.tensor1d([1.5, -3, 1e6])]]],
  ['cond on a value', (x: tf.Tensor) => cond(tf.greater(tf.sum(x), 0), () => tf.mul(x, 2), () => tf.sub(x, 1)), { x: floats(null, 3) }, () => [[tf.ones([2, 3])], [tf.neg(tf.ones([4, 3]))]]],
  ['cond with branches of other sizes', (x: tf.Tensor) => cond(tf.greater(tf.sum(x), 0), () => ({ y: tf.tile(x, [2]), z: tf.sum(x) }), () => ({ y: tf.zeros([3]), z: tf.scalar(1) })), { x: floats(null) }, () => [[tf.ones([4])], [tf.neg(tf.ones([6]))]]],
  ['cond in a cond that uses a variable and a size', (x: tf.Tensor) => cond(tf.greater(tf.sum(x), 0), () => cond(tf.less(tf.max(x), 5), () => tf.div(tf.add(x, offset), x.size / 3), () => x), () => tf.mean(tf.mul(x, tf.sum(x)), 0, true)), { x: floats(null, 3) }, () => [[tf.ones([2, 3])], [tf.fill([3, 3], 9)], [tf.neg(tf.ones([1, 3]))]]],
  ['whileLoop', (x: tf.Tensor) => whileLoop((i) => tf.less(i, 5), (i, y) => [tf.add(i, one), tf.add(tf.mul(y, 2), offset)], [tf.scalar(0, 'int32'), x])[1], { x: floats(null, 3) }, () => [[tf.ones([2, 3])], [tf.zeros([5, 3])]]],
  ['whileLoop that grows', (n: tf.Tensor) => whileLoop((i) => tf.less(i, n), (i, y) => [tf.add(i, one), tf.concat([y, tf.reshape(tf.cast(i, 'float32'), [1])])], [tf.scalar(0, 'int32'), tf.zeros([1])], { shapeInvariants: [[], [null]] })[1], { n: ints() }, () => [[tf.scalar(0, 'int32')], [tf.scalar(4, 'int32')]]],
  ['whileLoop until a value', (x: tf.Tensor) => ({ x: whileLoop((y) => tf.greater(tf.sum(y), 1), (y) => [tf.div(y, 2)], [x])[0] }), { x: floats(null) }, () => [[tf.tensor1d([64, 3])]]],
  ['whileLoop with a limit', (x: tf.Tensor) => whileLoop((y) => tf.greater(tf.sum(y), 1), (y) => [tf.div(y, 2)], [x], { maximumIterations: 3 })[0], { x: floats(null) }, () => [[tf.tensor1d([64, 3])], [tf.tensor1d([2])]]],
  ['mapFn with tensors and variables from outside', (x: tf.Tensor) => { const scale = tf.sum(x); return mapFn((row) => tf.add(tf.mul(row, scale), offset), x); }, { x: floats(null, 3) }, () => [[tf.ones([2, 3])], [tf.ones([5, 3])]]], // prettier-ignore
  ['mapFn with sizes from outside', (x: tf.Tensor) => mapFn((row) => tf.div(tf.add(row, tf.sum(x)), (x as tf.Tensor2D).shape[0] * (x as tf.Tensor2D).shape[1]), x), { x: floats(null, null) }, () => [[tf.ones([2, 3])], [tf.ones([4, 7])]]],
  ['mapFn over several, to several', (x: tf.Tensor, names: tf.Tensor) => mapFn((row: tf.Tensor, name: tf.Tensor) => ({ total: tf.sum(row), name: regexReplace(name, '$', '!') }), [x, names]), { x: tensorSpec('float32', ['n', null]), names: tensorSpec('string', ['n']) }, () => [[tf.ones([2, 3]), tf.tensor1d(['a', 'b'])]]],
  ['mapFn over images of mixed sizes', (images: tf.Tensor) => mapFn((image) => tf.squeeze(resizeImages(tf.expandDims<tf.Tensor4D>(decodeImage(image)), [8, 9]), [0]), images), { images: strings(null) }, async () => [[stringVector(await encodedImages())]]],
  ['mapFn in a mapFn', (x: tf.Tensor) => mapFn((row) => mapFn((value) => tf.mul(value, tf.max(row)), row), x), { x: floats(null, null) }, () => [[tf.tensor2d([[1, 2], [3, 4], [5, 6]])]]],
  ['mapFn over rows of strings', (x: tf.Tensor) => mapFn((row) => gatherStrings(row, tf.scalar(1, 'int32')), x), { x: strings(null, 2) }, () => [[tf.tensor2d([['a', 'b'], ['c', 'd']])]]],
  ['parseExample', (serialized: tf.Tensor) => parseExample(serialized, { text: { dtype: 'string' }, age: { dtype: 'int32', defaultValue: -1 }, xy: { dtype: 'float32', shape: [2] }, note: { dtype: 'string', shape: [2], defaultValue: 'none' } }), { serialized: strings(null) }, () => [[serializedExamples([{ text: 'a', age: [7n], xy: [1, 2] }, { text: 'b', xy: [3, 4] }])]]],
  ['assertThat that holds', (x: tf.Tensor) => { assertThat(tf.greater(x, 0), 'x is positive', [x]); return tf.sqrt(x); }, { x: floats(null) }, () => [[tf.tensor1d([1, 4])]]], // prettier-ignore
  ['one element of any rank', (image: tf.Tensor) => tf.sum(decodeImage(tf.reshape(image, []))), { image: tensorSpec('string', null) }, () => [[bytes(png)]]],
  ['elements of any rank', (x: tf.Tensor) => ({ y: tf.exp(x), flat: tf.reshape(x, [-1]) }), { x: tensorSpec('float32', null) }, () => [[tf.scalar(2)], [tf.ones([2, 3])], [tf.ones([2, 1, 2, 2])]]],
]; // prettier-ignore

describe('eager, compiled and reloaded from a moved directory', () => {
  it.each(cases)('%s', async (_, fn, inputSignature, calls) => {
    await expectSameByEveryRoad(tfFunction(fn as never, { inputSignature, name: 'f' }), await calls());
  });
});

describe('whileLoop', () => {
  it.each([0, 3])('keeps nothing but its results after %i turns that it counted', (maximumIterations) => {
    const x = tf.tensor1d([64, 3]);
    const before = tf.memory().numTensors;
    const results = whileLoop((y) => tf.greater(tf.sum(y), 1), (y) => [tf.div(y, 2)], [x], { maximumIterations }); // prettier-ignore
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([x, ...results]);
  });
});

describe('random draws', () => {
  const draws = tfFunction(
    (n: tf.Tensor) => ({
      uniform: randomUniform([n, 2], -1, 3),
      normal: randomNormal(tf.stack([n, n]), 5, 2),
      one: randomUniform([4]),
    }),
    { inputSignature: { n: ints() } },
  );

  it.each(['eager', 'compiled'])('are others at every call, of a size that the call gives: %s', async (road) => {
    const compiled = await CompiledFunctions.compile({ draws: draws.getConcreteFunction() });
    const call = (n: number) => {
      const argument = tf.scalar(n, 'int32');
      return (road === 'eager' ? draws(argument) : compiled.call('draws', [argument])) as ReturnType<typeof draws>;
    };
    const first = call(1000);
    expect([first.uniform.shape, first.normal.shape, first.one.shape]).toEqual([[1000, 2], [1000, 1000], [4]]);
    const uniform = first.uniform.dataSync();
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...uniform)).toBeLessThan(3);
    expect(Math.abs((tf.mean(first.uniform).arraySync() as number) - 1)).toBeLessThan(0.15);
    const { mean, variance } = tf.moments(first.normal);
    expect(Math.abs((mean.arraySync() as number) - 5)).toBeLessThan(0.02);
    expect(Math.abs((variance.arraySync() as number) - 4)).toBeLessThan(0.05);
    expect(call(1000).uniform.dataSync()).not.toEqual(uniform);
    expect(call(3).uniform.shape).toEqual([3, 2]);
    compiled.dispose();
  });
});

describe('what an op refuses', () => {
  const positive = tfFunction(
    (x: tf.Tensor) => {
      assertThat(tf.greater(x, 0), 'Prices are positive.', [x]);
      return tf.sqrt(x);
    },
    { inputSignature: { x: floats(null) } },
  );

  it('tells the client what was asserted', async () => {
    expect(() => positive(tf.tensor1d([1, -1]))).toThrow('Prices are positive. [1, -1]');
    const compiled = await CompiledFunctions.compile({ positive: positive.getConcreteFunction() });
    expect(() => compiled.call('positive', [tf.tensor1d([1, -1])])).toThrow('Prices are positive.');
    compiled.dispose();
  });

  it('keeps an assertion in a branch whose result nobody uses', async () => {
    const fn = tfFunction(
      (x: tf.Tensor) => {
        cond(tf.greater(x, 0), () => x, () => { assertThat(tf.greater(x, -5), 'At least -5.'); return x; }); // prettier-ignore
        return tf.square(x);
      },
      { inputSignature: { x: floats() } },
    );
    const compiled = await CompiledFunctions.compile({ fn: fn.getConcreteFunction() });
    expect(compiled.call('fn', [tf.scalar(-2)]).output_0?.dataSync()[0]).toBe(4);
    expect(() => compiled.call('fn', [tf.scalar(-9)])).toThrow('At least -5.');
    compiled.dispose();
  });

  it.each<[string, () => unknown, string]>([
    ['a label beyond', () => lookUpLabel(tf.tensor1d([3], 'int32'), labels), 'GatherV2'],
    ['no base64', () => decodeBase64(tf.scalar('*')), 'DecodeBase64'],
    ['a missing feature', () => parseExample(serializedExamples([{ a: 'x' }]), { b: { dtype: 'string' } }), 'The tf.Example 0 has 1 values of "b" in its bytesList. Received: no such feature.'],
    ['a feature of another type', () => parseExample(serializedExamples([{ a: 'x' }]), { a: { dtype: 'float32' } }), 'Received: 1 in a bytesList.'],
    ['what is no example', () => parseExample(tf.tensor1d(['\xff\xff']), { a: { dtype: 'string' } }), 'Element 0 is not a serialized tf.Example.'],
    ['too many best classes', () => topLabels(tf.ones([1, 3]), labels, 4), 'topLabels takes 1 to 3 classes, as many as there are. Received: 4.'],
    ['a range that is there already', () => convertImageDtype(tf.ones([1]), 'float32'), 'the image is float32 already'],
    ['results of several shapes', () => mapFn((x) => tf.ones([1, (x.dataSync()[0] ?? 0) + 1]), tf.tensor1d([1, 2])), 'Received: [1, 2] and [1, 3]. Resize or pad inside the body.'],
    ['a scalar to map over', () => mapFn((x) => x, tf.scalar(1)), 'mapFn takes one or more tensors [n, ...] with the same n. Received: [].'],
    ['a batch to decode', () => decodeImage(tf.tensor1d(['a', 'b'])), 'takes the content of one file, a string scalar. Received: string[2].'],
    ['a JPEG with alpha', () => decodeJpeg(tf.scalar('x'), { channels: 4 }), 'A JPEG has 1 or 3 channels. Received: 4.'],
    ['a file that is not there', () => readFileAt(tf.scalar('/no/such/file')), 'ReadFile'],
  ])('%s', (_, action, message) => {
    expect(action).toThrow(message);
  }); // prettier-ignore

  it('reads a file at a path that the graph computes', async () => {
    const file = path.join(await temporaryFolder(), 'x.txt');
    await writeFile(file, 'hello');
    const fn = tfFunction((name: tf.Tensor) => readFileAt(name), { inputSignature: { name: strings() } });
    await expectSameByEveryRoad(fn, [[tf.scalar(file)]]);
  });
});
