import type { ImageDataset } from '../data/dataset/image-dataset.js';
import { SignetError } from '../errors.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import { type Loss, sparseCategoricalCrossentropy } from '../training/losses.js';
import { BestImages } from './best-images.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';
import { type EvaluatedImages, evaluateImages } from './evaluate-images.js';
import { HardestMistakes, type Mistake } from './hardest-mistakes.js';

/** Result of `evaluateClassifier`. */
export interface ClassifierEvaluation extends EvaluatedImages<Mistake<number>> {
  /** Accuracy and metrics per class. */
  readonly result: ClassificationResult;
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
  const best = new BestImages<number>(model.classNames.length);
  const hardest = new HardestMistakes<number>(undefined, temperature, best);
  const addImage = (image: number, logits: Float32Array, [label = -1]: Int32Array) => hardest.add(image, logits, label);
  const found = await evaluateImages(model, dataset, lossOf, { metrics, addImage, hardest, best, thresholds: null });
  const mistakes = found.mistakes.filter(({ image, truth }) => image.label === truth);
  return { ...found, mistakes, result: metrics.result() };
}

function ofMultiLabel({ constructor: { name } }: ImageClassifierModel): SignetError {
  const message = `${name} is multi-label: an image may have several classes. Evaluate it with evaluateMultiLabel.`;
  return new SignetError('INVALID_ARGUMENT', message);
}
