import type { ImageDataset } from '../data/dataset/image-dataset.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import * as tf from '../tensorflow/tf.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';
import { HardestMistakes, type Mistake } from './hardest-mistakes.js';

/** What an evaluation of a model in memory found. */
export interface ClassifierEvaluation {
  readonly result: ClassificationResult;
  /** Mean of the loss that was asked for; NaN without images. */
  readonly loss: number;
  /** The hardest first. */
  readonly mistakes: readonly Mistake<ImageFile>[];
}

/**
 * Sends every image of a dataset once through a model in memory, as `evaluateDataset` does, and keeps what each is taken for.
 *
 * @param dataset One that is not shuffled.
 * @param lossOf The loss that the model was trained with: of int32 labels [n] and float32 logits [n, classes], float32 [n].
 * @throws SignetError `BAD_IMAGE` for images that do not decode.
 */
export async function evaluateClassifier(
  model: ImageClassifierModel,
  dataset: ImageDataset,
  lossOf: (labels: tf.Tensor, logits: tf.Tensor) => tf.Tensor,
): Promise<ClassifierEvaluation> {
  const metrics = new ClassificationMetrics(model.classNames);
  const hardest = new HardestMistakes<number>();
  let [images, lossSum] = [0, 0];
  for await (const batch of dataset.batches()) {
    const { logits, labels, losses } = answer(model, batch, lossOf);
    metrics.add(logits, labels);
    for (const [i, label] of labels.entries()) {
      const classes = model.classNames.length;
      hardest.add(images + i, logits.subarray(i * classes, (i + 1) * classes), label);
      lossSum += losses[i] ?? NaN;
    }
    images += labels.length;
  }
  // Only now it is known which images were left out: an image is its position among the others.
  const { files } = dataset;
  const mistakes = hardest.mistakes.flatMap((mistake) => {
    const image = files[mistake.image];
    return image?.label === mistake.truth ? [{ ...mistake, image }] : [];
  });
  return { result: metrics.result(), loss: lossSum / images, mistakes };
}

function answer(
  model: ImageClassifierModel,
  { xs, ys }: { readonly xs: tf.Tensor4D; readonly ys: tf.Tensor1D },
  lossOf: (labels: tf.Tensor, logits: tf.Tensor) => tf.Tensor,
) {
  try {
    return tf.tidy(() => {
      const logits = model.apply(xs, { training: false }) as tf.Tensor;
      const losses = lossOf(ys, logits);
      return {
        labels: ys.dataSync<'int32'>().slice(),
        logits: logits.dataSync<'float32'>().slice(),
        losses: losses.dataSync<'float32'>().slice(),
      };
    });
  } finally {
    tf.dispose([xs, ys]);
  }
}
