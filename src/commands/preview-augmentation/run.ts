import { writeFile } from 'node:fs/promises';

import { ImageDataset } from '../../data/dataset/image-dataset.js';
import { SignetError } from '../../errors.js';
import { makeModel } from '../../models/make-model.js';
import { findModelType } from '../../models/model-types.js';
import { withRandomStep } from '../../ops/random-step.js';
import { completePreprocessing, type ImageSize } from '../../ops/fit-images.js';
import { cannotWrite } from '../../files/cannot-write.js';
import * as tf from '../../tensorflow/tf.js';
import type { Augmentation } from '../../training/augmentation/augmentation.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';
import { pictureSheet } from './picture-sheet.js';
import { TrainingSet } from '../train-model/training-data.js';
import { previewAugmentationCommand } from './flags.js';

/** Options of `preview-augmentation`; `flags.ts` says what each means. */
export interface PreviewAugmentationOptions extends GivenOptionsOf<typeof previewAugmentationCommand.flags> {}

/** Content of the picture. */
export interface AugmentationPreview {
  readonly output: string;
  /** The class of each row. */
  readonly classNames: readonly string[];
  readonly steps: number;
  /** Height and width that the model gets, in pixels. */
  readonly imageSize: ImageSize;
}

/**
 * Draws what a training sees: images of its first batch as they are, and what the steps from the first on would make of them.
 *
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_DATASET`, `BAD_IMAGE`, `CANNOT_WRITE`.
 */
export async function previewAugmentation(given: PreviewAugmentationOptions): Promise<AugmentationPreview> {
  const options = completeOptions(previewAugmentationCommand.flags, given);
  const { augment, seed, output, steps, onBadImage } = options;
  parseAugmentation(augment, { imageSize: [1, 1], seed });
  const Model = await findModelType(options.modelType);
  const set = await TrainingSet.scan(options);
  const { inputHeight, inputWidth } = options;
  const size = { inputHeight, inputWidth };
  const model = makeModel(Model, { classNames: set.classNames, ...size, ...completePreprocessing(options) });
  const { imageSize, preprocessing } = model;
  model.dispose();
  const { batchSize } = options;
  const dataset = await ImageDataset.create(set.part('training'), {
    imageSize,
    ...preprocessing,
    batchSize,
    seed,
    onBadImage,
    prefetch: 0,
  });
  try {
    const first = await dataset.batches().next();
    if (first.done === true)
      throw new SignetError('INVALID_DATASET', 'No image is left to show: none of the first batch decodes.');
    const { xs, ys } = first.value;
    const columns = stepsOf(parseAugmentation(augment, { imageSize, seed }), xs, options);
    await save(output, await pictureSheet(columns));
    const labels = labelsIn(ys).slice(0, options.images);
    tf.dispose([xs, ys, ...columns]);
    return { output, steps, imageSize, classNames: labels.map((each) => each.map((label) => set.classNames[label] ?? '').join(', ')) }; // prettier-ignore
  } finally {
    dataset.dispose();
  }
}

/** Positions of the classes of each image of a batch. */
function labelsIn(ys: tf.Tensor): number[][] {
  const rows = ys.arraySync() as number[] | number[][];
  return rows.map((row) =>
    Array.isArray(row) ? row.flatMap((isPresent, label) => (isPresent ? [label] : [])) : [row],
  );
}

/** The first images as they are, then after each step on the whole batch, whose images may be mixed. */
function stepsOf(
  augmentation: Augmentation,
  xs: tf.Tensor4D,
  { images, steps }: Pick<OptionsOf<typeof previewAugmentationCommand.flags>, 'images' | 'steps'>,
): tf.Tensor4D[] {
  const rows = Math.min(images, xs.shape[0]);
  const firstOf = (batch: tf.Tensor4D) => tf.slice(batch, 0, rows);
  const at = (step: number) =>
    tf.tidy(() => firstOf(withRandomStep(tf.scalar(step, 'int32'), () => augmentation.call(xs)).images));
  return [firstOf(xs), ...Array.from({ length: steps }, (_, step) => at(step))];
}

async function save(file: string, content: Buffer): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}
