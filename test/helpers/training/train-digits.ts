import { imageDatasetFromDirectory } from '../../../src/data/dataset/image-dataset-from-directory.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { fit } from '../../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../../src/training/losses.js';

/** Trains a LeNet on the bundled digits for some seconds. */
export async function trainDigits(epochs: number): Promise<LenetModel> {
  const train = await imageDatasetFromDirectory('data/digits/train', { imageSize: [28, 28], seed: 1 });
  const model = new LenetModel({ classNames: train.classNames, seed: 1 });
  model.compile({ optimizer: tf.train.adam(), loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
  await fit(model, train, { epochs });
  train.dispose();
  return model;
}
