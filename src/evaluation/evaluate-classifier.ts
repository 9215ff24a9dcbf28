import type { ImageDataset } from '../data/dataset/image-dataset.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import * as tf from '../tensorflow/tf.js';
import { sparseCategoricalCrossentropy } from '../training/losses.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';
import { HardestMistakes, type Mistake } from './hardest-mistakes.js';

/** Result of `evaluateClassifier`. */
export interface ClassifierEvaluation {
  /** Accuracy and metrics per class. */
  readonly result: ClassificationResult;
  /** Mean of the loss over all images; NaN without images. */
  readonly loss: number;
  /** Images that were mistaken, those with the highest loss first. */
  readonly mistakes: readonly Mistake<ImageFile>[];
}

/**
 * Evaluates a model in memory: sends every image of a dataset through it once, as `evaluateDataset` does, and keeps what each is taken for.
 *
 * @param dataset One that is not shuffled. Its images are resized as the model wants them.
 * @param lossOf The loss that the model was trained with: float32 [n] from int32 labels [n] and float32 logits [n, classes]. Default:
 *   `sparseCategoricalCrossentropy`.
 * @throws SignetError `BAD_IMAGE` for images that do not decode.
 */
export async function evaluateClassifier(
  model: ImageClassifierModel,
  dataset: ImageDataset,
  lossOf: (labels: tf.Tensor, logits: tf.Tensor) => tf.Tensor = sparseCategoricalCrossentropy,
): Promise<ClassifierEvaluation> {
  dataset.fitTo(model.imageSize, model.preprocessing);
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
