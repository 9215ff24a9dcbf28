import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import * as tf from '../../tensorflow/tf.js';
import { binaryCrossentropy, type Loss } from '../../training/losses.js';
import { BestImages } from '../best-images.js';
import { type EvaluatedImages, evaluateImages } from '../evaluate-images.js';
import { answersOf } from '../model-answers.js';
import { MultiLabelMetrics, type MultiLabelResult } from './multi-label-metrics.js';
import { type MultiLabelMistake, MultiLabelMistakes } from './multi-label-mistakes.js';

/** Result of `evaluateMultiLabel`; its mistakes are images with a wrong class. */
export interface MultiLabelEvaluation extends EvaluatedImages<MultiLabelMistake<number>> {
  /** Mean average precision and metrics per class, at the model's thresholds. */
  readonly result: MultiLabelResult;
}

/**
 * Evaluates a multi-label model in memory, as `evaluateClassifier` does with others: every image of a dataset once, at the model's thresholds.
 *
 * @param dataset One that is not shuffled. Its images are resized as the model wants them.
 * @param lossOf The loss that the model was trained with: float32 [n] from int32 labels and float32 logits, both [n, classes]. Default:
 *   `binaryCrossentropy`.
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_ARGUMENT` for a model or a dataset with one class per image.
 */
export async function evaluateMultiLabel(
  model: ImageClassifierModel,
  dataset: ImageDataset,
  lossOf: Loss = binaryCrossentropy,
): Promise<MultiLabelEvaluation> {
  const thresholds = thresholdsOf(model).dataSync<'float32'>().slice();
  const metrics = new MultiLabelMetrics(model.classNames, thresholds);
  const best = new BestImages<number>(model.classNames.length);
  const hardest = new MultiLabelMistakes<number>(thresholds, undefined, best);
  const addImage = hardest.add.bind(hardest);
  const found = await evaluateImages(model, dataset, lossOf, { metrics, addImage, hardest, best, thresholds });
  return { ...found, result: metrics.result() };
}

/**
 * Gives a multi-label model for each class the threshold with the highest F1 on a dataset, which should be none that it was trained on.
 *
 * @returns The thresholds, in the order of the classes.
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_ARGUMENT` for a model or a dataset with one class per image.
 * @example
 * ```ts
 * await chooseThresholds(model, validation);
 * await model.save('models/TinyModel/1');
 * ```
 */
export async function chooseThresholds(model: ImageClassifierModel, dataset: ImageDataset): Promise<number[]> {
  const variable = thresholdsOf(model);
  const metrics = new MultiLabelMetrics(model.classNames);
  for await (const { logits, labels } of answersOf(model, dataset, binaryCrossentropy)) metrics.add(logits, labels);
  const thresholds = metrics.bestThresholds();
  tf.tidy(() => variable.assign(tf.tensor1d(thresholds)));
  return thresholds;
}

function thresholdsOf({ thresholds, constructor: { name } }: ImageClassifierModel): tf.Variable<tf.Rank.R1> {
  if (thresholds) return thresholds;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${name} gives each image one class, and has no thresholds. Evaluate it with evaluateClassifier, or make it with multiLabel: true.`,
  );
}
