import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';

import { Adder } from '../../examples/adder/adder.js';
import { BytesToClassName } from '../../examples/bytes-to-class-name/bytes-to-class-name.js';
import { DigitRecognizer } from '../../examples/digit-recognizer/digit-recognizer.js';
import { EndToEndClassifier } from '../../examples/end-to-end-classifier/end-to-end-classifier.js';
import { ImageEstimator } from '../../examples/image-estimator/image-estimator.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { serializedExamples } from '../helpers/data/serialized-examples.js';

/** A call of one signature of an exported example, with what it gives eagerly. */
export interface ExampleCall {
  readonly example: string;
  readonly signature: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly expected: Readonly<Record<string, tf.Tensor>>;
}

/**
 * Exports every example but the randomizer, moves each, and answers with calls of all signatures, at two batch sizes where there is
 * a batch.
 */
export async function exportedExamples(folder: string): Promise<ExampleCall[]> {
  const adder = new Adder();
  const endToEnd = new EndToEndClassifier();
  const bytesToName = new BytesToClassName();
  const estimator = new ImageEstimator();
  const recognizer = new DigitRecognizer();
  const servables = {
    adder,
    'end-to-end-classifier': endToEnd,
    'bytes-to-class-name': bytesToName,
    'image-estimator': estimator,
    'digit-recognizer': recognizer,
  };
  for (const [name, servable] of Object.entries(servables)) {
    await mkdir(path.join(folder, name), { recursive: true });
    await servable.export(path.join(folder, name, 'written'));
    await rename(path.join(folder, name, 'written'), path.join(folder, name, '1'));
  }
  const files = await encodedImages();
  const jpegs = await Promise.all(files.map((file) => sharp(file).flatten().jpeg().toBuffer()));
  const random = (...shape: number[]) => tf.randomUniform(shape, 0, 1, 'float32', shape[0]);
  const calls: ExampleCall[] = [];
  const add = (example: string, signature: string, inputs: ExampleCall['inputs'], expected: ExampleCall['expected']) =>
    calls.push({ example, signature, inputs, expected });
  for (const n of [1, 3]) {
    const x = random(n, 3);
    for (const key of ['serving_default', 'sum_two']) add('adder', key, { x }, { output_0: adder.sumTwo(x) });
    const image = tf.tensor1d(jpegs.slice(0, n).map((jpeg) => jpeg.toString('base64url')));
    add('end-to-end-classifier', 'serving_default', { image }, endToEnd.classify(image));
    const pixels = tf.cast(tf.mul(random(n, 128, 128, 3), 255), 'int32');
    add('image-estimator', 'serving_default', { examples: pixels }, estimator.estimate(pixels));
    const inputs = serializedExamples(files.slice(0, n).map((file) => ({ 'image/encoded': file })));
    const { classes, scores, certainty } = estimator.judge(inputs);
    add('image-estimator', 'classify', { inputs }, { classes, scores });
    add('image-estimator', 'regress', { inputs }, { outputs: certainty });
    const images = random(n, 28, 28, 1);
    add('digit-recognizer', 'serving_default', { images }, recognizer.recognize(images));
  }
  for (const file of files) {
    const scalar = tf.scalar(file, 'string');
    add('bytes-to-class-name', 'serving_default', { image_bytes: scalar }, bytesToName.nameImage(scalar));
  }
  const one = stringVector(files.slice(1, 2));
  add('bytes-to-class-name', 'serving_default', { image_bytes: one }, bytesToName.nameImage(one));
  return calls;
}
