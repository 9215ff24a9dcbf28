import type { ImageDataset } from '../data/dataset/image-dataset.js';
import { SignetError } from '../errors.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import * as tf from '../tensorflow/tf.js';
import type { Loss } from '../training/losses.js';

/** What a model says about a batch of n images. */
export interface ModelAnswers {
  /** [n, classes] in C order. */
  readonly logits: Float32Array;
  /** [n], positions of classes; of a multi-label dataset [n, classes], 0 and 1. */
  readonly labels: Int32Array;
  /** [n] */
  readonly losses: Float32Array;
  /** [n, features] in C order; empty for a network without embeddings, or where they were not asked for. */
  readonly embeddings: Float32Array;
}

/**
 * Sends every image of a dataset through a model once, as `evaluateDataset` does.
 *
 * @param areEmbedded Whether to return the embeddings too.
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_ARGUMENT` where the images of one may have several classes, and those of
 *   the other may not.
 */
export async function* answersOf(
  model: ImageClassifierModel,
  dataset: ImageDataset,
  lossOf: Loss,
  areEmbedded = false,
): AsyncGenerator<ModelAnswers> {
  checkLabels(model, dataset);
  dataset.fitTo(model.imageSize, model.preprocessing);
  for await (const { xs, ys } of dataset.batches()) {
    try {
      yield tf.tidy(() => {
        const { logits, embedding } = model.answer(xs);
        const losses = lossOf(ys, logits);
        const embeddings = areEmbedded ? embedding?.dataSync<'float32'>().slice() : undefined;
        return {
          labels: ys.dataSync<'int32'>().slice(),
          logits: logits.dataSync<'float32'>().slice(),
          losses: losses.dataSync<'float32'>().slice(),
          embeddings: embeddings ?? new Float32Array(),
        };
      });
    } finally {
      tf.dispose([xs, ys]);
    }
  }
}

function checkLabels({ multiLabel, constructor: { name } }: ImageClassifierModel, { isMultiLabel }: ImageDataset) {
  if (multiLabel === isMultiLabel) return;
  const [one, several] = ['one class for each image', 'any number of classes for each image'];
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${name} gives ${multiLabel ? several : one}, and the dataset has ${isMultiLabel ? several : one}. ` +
      'Make the classifier with multiLabel as the dataset is.',
  );
}
