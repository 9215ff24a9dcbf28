import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import * as tf from '../../tensorflow/tf.js';
import { binaryCrossentropy, type Loss } from '../../training/losses.js';
import { type BestImage, BestImages } from '../best-images.js';
import { predictedClasses } from '../agreement.js';
import { EmbeddingSample, type EvaluatedEmbeddings } from '../embedding-map/embedding-sample.js';
import { answersOf } from '../model-answers.js';
import { MultiLabelMetrics, type MultiLabelResult } from './multi-label-metrics.js';
import { type MultiLabelMistake, MultiLabelMistakes } from './multi-label-mistakes.js';

/** Result of `evaluateMultiLabel`. */
export interface MultiLabelEvaluation {
  /** Mean average precision and metrics per class, at the model's thresholds. */
  readonly result: MultiLabelResult;
  /** Mean of the loss over all images; NaN without images. */
  readonly loss: number;
  /** Images of which a class was wrong, those with the highest loss first. */
  readonly mistakes: readonly MultiLabelMistake<ImageFile>[];
  /** Images of each class that the model was surest of, rightly. */
  readonly best: readonly BestImage<ImageFile>[];
  /** Embeddings of up to 1,000 images, chosen evenly; null for a network without, or with some that are too large to keep. */
  readonly embeddings: EvaluatedEmbeddings | null;
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
  const classes = model.classNames.length;
  const sure = new BestImages<number>(classes);
  const hardest = new MultiLabelMistakes<number>(thresholds, undefined, sure);
  const sample = new EmbeddingSample<number>(dataset.files.length, model.features);
  let [images, lossSum] = [0, 0];
  for await (const { logits, labels, losses, embeddings } of answersOf(model, dataset, lossOf)) {
    metrics.add(logits, labels);
    for (const [i, loss] of losses.entries()) {
      const [row, truth] = [logits, labels].map((all) => all.subarray(i * classes, (i + 1) * classes)) as [Float32Array, Int32Array]; // prettier-ignore
      hardest.add(images + i, row, truth);
      const own = [...truth.keys()].filter((label) => truth[label] === 1);
      sample.add({ image: images + i, labels: own, predicted: predictedClasses(row, thresholds) }, embeddings, i);
      lossSum += loss;
    }
    images += losses.length;
  }
  // Only now it is known which images were left out: an image is its position among the others.
  const { files } = dataset;
  const mistakes = hardest.mistakes.flatMap((mistake) => {
    const image = files[mistake.image];
    return image ? [{ ...mistake, image }] : [];
  });
  const best = sure.images.flatMap((each) => {
    const image = files[each.image];
    return image ? [{ ...each, image }] : [];
  });
  const embeddings = sample.embeddings((image) => files[image]);
  return { result: metrics.result(), loss: lossSum / images, mistakes, best, embeddings };
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
