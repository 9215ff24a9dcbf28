import type { ImageDataset } from '../data/dataset/image-dataset.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import { SignetError } from '../errors.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import { type Loss, sparseCategoricalCrossentropy } from '../training/losses.js';
import { type BestImage, BestImages } from './best-images.js';
import { predictedClasses } from './agreement.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';
import { EmbeddingSample, type EvaluatedEmbeddings } from './embedding-map/embedding-sample.js';
import { HardestMistakes, type Mistake } from './hardest-mistakes.js';
import { answersOf } from './model-answers.js';

/** Result of `evaluateClassifier`. */
export interface ClassifierEvaluation {
  /** Accuracy and metrics per class. */
  readonly result: ClassificationResult;
  /** Mean of the loss over all images; NaN without images. */
  readonly loss: number;
  /** Images that were mistaken, those with the highest loss first. */
  readonly mistakes: readonly Mistake<ImageFile>[];
  /** Images of each class that the model was surest of, rightly. */
  readonly best: readonly BestImage<ImageFile>[];
  /** Embeddings of up to 1,000 images, chosen evenly; null for a network without, or with some that are too large to keep. */
  readonly embeddings: EvaluatedEmbeddings | null;
}

/**
 * Evaluates a model in memory: sends every image of a dataset through it once, as `evaluateDataset` does, and keeps what each is taken for.
 *
 * @param dataset One that is not shuffled. Its images are resized as the model wants them.
 * @param lossOf The loss that the model was trained with: float32 [n] from int32 labels [n] and float32 logits [n, classes]. Default:
 *   `sparseCategoricalCrossentropy`.
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_ARGUMENT` for a multi-label model or dataset; see `evaluateMultiLabel`.
 */
export async function evaluateClassifier(
  model: ImageClassifierModel,
  dataset: ImageDataset,
  lossOf: Loss = sparseCategoricalCrossentropy,
): Promise<ClassifierEvaluation> {
  if (model.multiLabel) throw ofMultiLabel(model);
  const { temperature = 1 } = model.confidence;
  const metrics = new ClassificationMetrics(model.classNames, { temperature });
  const sure = new BestImages<number>(model.classNames.length);
  const hardest = new HardestMistakes<number>(undefined, temperature, sure);
  const sample = new EmbeddingSample<number>(dataset.files.length, model.features);
  let [images, lossSum] = [0, 0];
  for await (const { logits, labels, losses, embeddings } of answersOf(model, dataset, lossOf)) {
    metrics.add(logits, labels);
    for (const [i, label] of labels.entries()) {
      const classes = model.classNames.length;
      const row = logits.subarray(i * classes, (i + 1) * classes);
      hardest.add(images + i, row, label);
      sample.add({ image: images + i, labels: [label], predicted: predictedClasses(row, null) }, embeddings, i);
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
  const best = sure.images.flatMap((each) => {
    const image = files[each.image];
    return image ? [{ ...each, image }] : [];
  });
  const embeddings = sample.embeddings((image) => files[image]);
  return { result: metrics.result(), loss: lossSum / images, mistakes, best, embeddings };
}

function ofMultiLabel({ constructor: { name } }: ImageClassifierModel): SignetError {
  const message = `${name} is multi-label: an image may have several classes. Evaluate it with evaluateMultiLabel.`;
  return new SignetError('INVALID_ARGUMENT', message);
}
