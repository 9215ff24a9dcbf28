import path from 'node:path';

import { type ImageScan, pathWithin } from '../data/scan/image-scan.js';
import { SignetError } from '../errors.js';
import { classifierParts } from '../models/classifier/classifier-signatures.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import { decodeAndResize } from '../ops/decode-and-resize.js';
import { saveServable } from '../signatures/save-servable.js';
import type * as tf from '../tensorflow/tf.js';
import { jsonText, printable } from '../text/printable.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import type { Augmentation } from '../training/augmentation/augmentation.js';
import type { ClassWeight } from '../training/class-weight.js';
import { trainingFunctions } from './training-functions.js';

/** Options of `exportTraining`: how workers continue the training; named as the flags of `train-model`. */
export interface ExportTrainingOptions {
  /** Images per step, of all machines together. Default: 32. */
  readonly batchSize?: number | undefined;
  /** Maximum number of epochs. Default: 200. */
  readonly numEpochs?: number | undefined;
  /** Epochs without a better accuracy of the validation, or of a multi-label model a lower loss, after which training stops. Default: 5. */
  readonly patience?: number | undefined;
  /** Fraction of the images for the validation. Default: 0.2. */
  readonly validationSplit?: number | undefined;
  /** Seed for the choice of the validation images and for the order of each epoch. Default: 42. */
  readonly seed?: number | undefined;
  /** Precision of the gradients that workers exchange: `bfloat16` sends half the bytes. Default: `float32`. */
  readonly gradientPrecision?: 'float32' | 'bfloat16' | undefined;
  /** How much an image of each class counts in the loss that is trained on, by label. Default: all count 1. */
  readonly classWeight?: ClassWeight | undefined;
  /** Random changes of the images before each step. Default: none. */
  readonly augmentation?: Augmentation | undefined;
  /** Whether a step computes activations again rather than keep them: less memory, up to a third more time. Default: false. */
  readonly recompute?: boolean | undefined;
  /**
   * Images of both sides, all below one folder, the `--data` of the workers. Default: the workers find and split the images of class-named folders.
   */
  readonly images?: Readonly<Record<'training' | 'validation', ImageScan>> | undefined;
  /** Files for `assets.extra/`, by name. Default: none. */
  readonly assetsExtra?: Readonly<Record<string, string>> | undefined;
}

/** The file in `assets.extra/` that says how a worker trains. */
const trainingOptionsFile = 'training.json';
/** The file in `assets.extra/` that lists the images for a worker. */
const imagesFile = 'images.json';

/**
 * Writes a SavedModel that TensorFlow itself can train further, on several machines: in addition to the signatures that serve, it has the functions
 * of `TrainingFunctions`; `decode_and_resize`, which turns `image_bytes`, string [n], into the pixels that those functions take; the lists `weights`
 * and `slots`; and the current values of all of them.
 *
 * `deploy/distributed/worker.py` trains it; see docs/distributed-training.md.
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
  const { classWeight = {}, augmentation = null, recompute = false, assetsExtra, images } = options;
  const { functions, weights, slots } = trainingFunctions(model, { classWeight, augmentation, recompute });
  const decode = tfFunction((bytes: tf.Tensor) => decodeAndResize(bytes, model.imageSize, model.preprocessing), {
    name: 'decode_and_resize',
    inputSignature: { image_bytes: tensorSpec('string', [null]) },
  });
  await saveServable(model, directory, {
    ...classifierParts(model, {
      ...assetsExtra,
      [trainingOptionsFile]: optionsText(model, options),
      ...(images && { [imagesFile]: imagesText(images) }),
    }),
    tracked: {
      functions: { ...functions, decode_and_resize: decode.getConcreteFunction() },
      lists: { weights, slots },
    },
  });
}

/** Writes the options as JSON, with Python's spelling of names. */
function optionsText({ multiLabel }: ImageClassifierModel, options: ExportTrainingOptions): string {
  const { batchSize = 32, numEpochs = 200, patience = 5, validationSplit = 0.2, seed = 42 } = options;
  const { gradientPrecision = 'float32' } = options;
  const named = {
    batch_size: batchSize,
    num_epochs: numEpochs,
    patience,
    validation_split: validationSplit,
    seed,
    monitor: multiLabel ? 'val_loss' : 'val_accuracy',
    gradient_precision: gradientPrecision,
  };
  return `${JSON.stringify(named, null, 2)}\n`;
}

/**
 * Writes `{"training": [[path, label], ...], "validation": [...]}`; a label is a position, or a list of them if an image may have several. The row of
 * an image in a shard also has its place, `[path, label, [shard, offset, size, crc]]`.
 */
function imagesText({ training, validation }: NonNullable<ExportTrainingOptions['images']>): string {
  return jsonText({ training: rowsOf(training), validation: rowsOf(validation) });
}

/** Shard within the data set's folder, offset and size in bytes, CRC-32. */
type Place = readonly [string, number, number, number];

function rowsOf(scan: ImageScan): (readonly [string, number | readonly number[], ...Place[]])[] {
  return scan.files.map(({ path: file, label, labels, sizeBytes, inShard }) => {
    const within = pathWithin(scan, file);
    const places: Place[] = inShard ? [[pathWithin(scan, inShard.shard), inShard.offset, sizeBytes, inShard.crc]] : [];
    if (!within.startsWith('../') && !path.isAbsolute(within)) return [within, labels ?? label, ...places] as const;
    throw new SignetError(
      'INVALID_DATASET',
      `Workers read images below one folder, ${printable(scan.directory)}. Received: ${printable(file)}. Move the list to a folder that holds all its images.`,
    );
  });
}
