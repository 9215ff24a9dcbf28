import { ImageDataset } from '../data/dataset/image-dataset.js';
import type * as tf from '../tensorflow/tf.js';

/**
 * Gives an ImageDataset the size of images that a model takes; other data and other models are left alone.
 *
 * @throws SignetError `INVALID_ARGUMENT` that names both sizes when the dataset was made with another one.
 */
export function resizeImages(dataset: unknown, { inputs }: tf.LayersModel): void {
  const [, height, width] = inputs.length === 1 ? (inputs[0]?.shape ?? []) : [];
  if (dataset instanceof ImageDataset && height && width) dataset.fitTo([height, width]);
}
