import { rename } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../src/models/lenet-model.js';
import { decodeImage } from '../../src/ops/decode-image.js';
import { stringVector } from '../../src/ops/strings.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { serializedExamples } from '../helpers/data/serialized-examples.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const classNames = ['ape', 'bee', 'cat', 'dog', 'eel', 'fox'];

describe("a classifier's signatures", () => {
  let model: LenetModel;
  let loaded: LoadedSavedModel;
  let images: Uint8Array[];
  let bytes: tf.Tensor;
  let logits: number[][];
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    model = new LenetModel({ classNames, seed: 3 });
    await model.save(path.join(folder, '1'));
    // The assets are read where the model is now.
    await rename(path.join(folder, '1'), path.join(folder, 'moved'));
    loaded = await LoadedSavedModel.load(path.join(folder, 'moved'));
    images = await encodedImages();
    bytes = stringVector(images);
    logits = (model.predictBytesImage(bytes) as tf.Tensor2D).arraySync();
  });

  afterAll(() => loaded.dispose());

  it('takes uint8 pixels', () => {
    const pixels = tf.tidy(() =>
      tf.expandDims(decodeImage(tf.scalar(images[0] as never, 'string'), { dtype: 'int32' })),
    );
    const eager = model.predictUint8Image(pixels) as tf.Tensor2D;
    const { output_0 } = loaded.call('serving_uint8', { examples: pixels });
    expectClose((output_0 as tf.Tensor2D).arraySync(), eager.arraySync());
    expectClose(eager.arraySync(), logits.slice(0, 1));
  });

  it('takes base64 text and answers with labels', () => {
    const best = logits.map((row) => classNames[row.indexOf(Math.max(...row))]);
    const text = tf.tensor1d(images.map((image) => Buffer.from(image).toString('base64url')));
    expect((model.predictBase64Image(text) as tf.Tensor1D).arraySync()).toEqual(best);
    expect(loaded.call('serving_base64', { image: text }).output_0?.arraySync()).toEqual(best);
    const standard = tf.tensor1d(images.map((image) => Buffer.from(image).toString('base64')));
    expect(loaded.call('serving_base64', { image: standard }).output_0?.arraySync()).toEqual(best);
  });

  it('gives the five best classes, best first', () => {
    const { class_name, class_index, probability } = loaded.call('serving_labels', { image_bytes_string: bytes });
    const indices = class_index?.arraySync() as number[][];
    const probabilities = probability?.arraySync() as number[][];
    expect(indices.every((row) => row.length === 5)).toBe(true);
    expect(class_name?.arraySync()).toEqual(indices.map((row) => row.map((i) => classNames[i])));
    const softmax = tf.softmax(tf.tensor2d(logits)).arraySync();
    const expected = softmax.map((row) => [...row].sort((a, b) => b - a).slice(0, 5));
    expectClose(probabilities, expected);
  });

  it('gives the embedding that the last layer makes logits of', () => {
    const { embedding = bytes } = loaded.call('serving_embedding', { image_bytes_string: bytes });
    expect(embedding.shape).toEqual([images.length, 84]);
    const again = model.layers.at(-1)?.apply(embedding) as tf.Tensor2D;
    expectClose(again.arraySync(), logits);
  });

  it('classifies serialized examples', () => {
    const inputs = serializedExamples(images.map((image) => ({ 'image/encoded': image })));
    const { classes, scores } = loaded.call('serving_classify', { inputs });
    expect(classes?.arraySync()).toEqual(images.map(() => classNames));
    expectClose(scores?.arraySync() as number[][], tf.softmax(tf.tensor2d(logits)).arraySync());
    expect(loaded.signature('serving_classify').method).toBe('tensorflow/serving/classify');
  });

  it('traces each function once, however often it is saved', async () => {
    await model.save(path.join(folder, '2'));
    expect([model.predictNumpyImage, model.predictLabels, model.embedImage].map((fn) => fn?.traceCount)).toEqual([
      1, 1, 1,
    ]);
  });
});

function expectClose(actual: number[][], expected: number[][]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((row, i) =>
    row.forEach((value, j) => expect(Math.abs(value - (expected[i]?.[j] ?? NaN))).toBeLessThan(1e-4)),
  );
}
