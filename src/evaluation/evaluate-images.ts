import type { ImageDataset } from '../data/dataset/image-dataset.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import type { Loss } from '../training/losses.js';
import { predictedClasses } from './agreement.js';
import type { BestImage, BestImages } from './best-images.js';
import { EmbeddingSample, type EvaluatedEmbeddings } from './embedding-map/embedding-sample.js';
import { answersOf } from './model-answers.js';

/** What an evaluation in memory collects; an image is its position in the dataset. */
export interface ImageCollector<Mistake> {
  /** Gets the answers to n images: logits, [n, classes], and labels, [n] or of a multi-label dataset [n, classes]. */
  readonly metrics: { add(logits: Float32Array, labels: Int32Array): void };
  /** Gets the answer to one image: logits, [classes], and its label, [1] or [classes]. */
  readonly addImage: (image: number, logits: Float32Array, label: Int32Array) => void;
  readonly hardest: { readonly mistakes: readonly Mistake[] };
  readonly best: BestImages<number>;
  /** Lowest probability at which an image has a class, per class; null for a classifier that gives each image one class. */
  readonly thresholds: Float32Array | null;
}

/** What an evaluation in memory finds in addition to its metrics. */
export interface EvaluatedImages<Mistake> {
  /** Mean of the loss over all images; NaN without images. */
  readonly loss: number;
  /** Images that were mistaken, those with the highest loss first. */
  readonly mistakes: readonly WithFile<Mistake>[];
  /** Images of each class that the model was surest of, rightly. */
  readonly best: readonly BestImage<ImageFile>[];
  /** Embeddings of up to 1,000 images, chosen evenly; null for a network without, or with some that are too large to keep. */
  readonly embeddings: EvaluatedEmbeddings | null;
}

type WithFile<Item> = Omit<Item, 'image'> & { readonly image: ImageFile };

/** Sends every image of a dataset through a model in memory once. @throws SignetError as `answersOf`. */
export async function evaluateImages<Mistake extends { readonly image: number }>(
  model: ImageClassifierModel,
  dataset: ImageDataset,
  lossOf: Loss,
  { metrics, addImage, hardest, best, thresholds }: ImageCollector<Mistake>,
): Promise<EvaluatedImages<Mistake>> {
  const sample = new EmbeddingSample<number>(dataset.files.length, model.features);
  let [images, lossSum] = [0, 0];
  for await (const { logits, labels, losses, embeddings } of answersOf(model, dataset, lossOf, true)) {
    metrics.add(logits, labels);
    const n = losses.length;
    for (const [i, loss] of losses.entries()) {
      const row = rowOf(logits, i, n);
      const label = rowOf(labels, i, n);
      addImage(images + i, row, label);
      const own = thresholds ? [...label.keys()].filter((each) => label[each] === 1) : [...label];
      sample.add({ image: images + i, labels: own, predicted: predictedClasses(row, thresholds) }, embeddings, i);
      lossSum += loss;
    }
    images += n;
  }
  // Only now it is known which images were left out: an image is its position among the others.
  const { files } = dataset;
  const withFile = <Item extends { readonly image: number }>(item: Item): WithFile<Item>[] => {
    const image = files[item.image];
    return image ? [{ ...item, image }] : [];
  };
  return {
    loss: lossSum / images,
    mistakes: hardest.mistakes.flatMap(withFile),
    best: best.images.flatMap(withFile),
    embeddings: sample.embeddings((image) => files[image]),
  };
}

/** One of n rows. */
function rowOf<Values extends Float32Array | Int32Array>(values: Values, row: number, n: number): Values {
  const size = values.length / n;
  return values.subarray(row * size, (row + 1) * size) as Values;
}
