import { decodeAndResize } from '../ops/decode-and-resize.js';
import type * as tf from '../tensorflow/tf.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import type { Augmentation } from '../training/augmentation/augmentation.js';
import type { ClassWeight } from '../training/class-weight.js';
import { trainingFunctions } from './training-functions.js';
import { type ImageClassifierModel, saveClassifier } from '../models/image-classifier-model.js';

/** Options of `exportTraining`: how workers continue the training; named as the flags of `train-model`. */
export interface ExportTrainingOptions {
  /** Images a step, of all machines together. Default: 32. */
  readonly batchSize?: number;
  /** Epochs at most. Default: 200. */
  readonly numEpochs?: number;
  /** Epochs without a better accuracy of the validation after which it stops. Default: 5. */
  readonly patience?: number;
  /** Part of the images for the validation. Default: 0.2. */
  readonly validationSplit?: number;
  /** Chooses the images for the validation and the order of each epoch. Default: 42. */
  readonly seed?: number;
  /** How much an image of each class counts in the loss that is trained on, by label. Default: all count 1. */
  readonly classWeight?: ClassWeight;
  /** What is done to the images before each step. Default: nothing. */
  readonly augmentation?: Augmentation;
  /** Files for `assets.extra/`, by name. Default: none. */
  readonly assetsExtra?: Readonly<Record<string, string>>;
}

/** The file in `assets.extra/` that tells a worker how to train. */
const trainingOptionsFile = 'training.json';

/**
 * Writes a SavedModel that TensorFlow itself can go on training, on several machines: beside the signatures that serve it has the functions of
 * `TrainingFunctions` and `decode_and_resize`, which makes of `image_bytes`, string [n], the pixels that they take; the lists `weights` and
 * `slots`; and the values that all of these have now.
 *
 * `deploy/distributed/worker.py` trains it; docs/distributed-training.md.
 *
 * @param model Compiled with an optimizer of Signet and `metrics: [accuracy]`.
 * @param directory Replaced if it exists. Appears whole or not at all.
 * @throws SignetError `INVALID_ARGUMENT`, `NOT_TRACEABLE`, `CANNOT_WRITE`.
 */
export async function exportTraining(
  model: ImageClassifierModel,
  directory: string,
  options: ExportTrainingOptions = {},
): Promise<void> {
  const { functions, weights, slots } = trainingFunctions(model, options);
  const decode = tfFunction((bytes: tf.Tensor) => decodeAndResize(bytes, model.imageSize), {
    name: 'decode_and_resize',
    inputSignature: { image_bytes: tensorSpec('string', [null]) },
  });
  const assetsExtra = { ...options.assetsExtra, [trainingOptionsFile]: optionsText(options) };
  const tracked = {
    functions: { ...functions, decode_and_resize: decode.getConcreteFunction() },
    lists: { weights, slots },
  };
  await saveClassifier(model, directory, { assetsExtra }, tracked);
}

/** JSON, with Python's spelling of names. */
function optionsText(options: ExportTrainingOptions): string {
  const { batchSize = 32, numEpochs = 200, patience = 5, validationSplit = 0.2, seed = 42 } = options;
  const named = { batch_size: batchSize, num_epochs: numEpochs, patience, validation_split: validationSplit, seed };
  return `${JSON.stringify(named, null, 2)}\n`;
}
