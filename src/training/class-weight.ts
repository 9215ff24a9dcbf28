import { SignetError } from '../errors.js';
import type * as tf from '../tensorflow/tf.js';

/**
 * How much an image of each class counts, by label. If images may have several classes: how much a class counts in images that have it; in the others
 * it counts 1.
 */
export type ClassWeight = Readonly<Record<number, number>>;

/**
 * Weights that give every class the same total influence, however many images it has: `images / (classes * images of the class)`.
 *
 * Source: `class_weight='balanced'` of scikit-learn, from King and Zeng, Logistic regression in rare events data.
 *
 * @param counts How many images each class has, by label. A class without any counts 1.
 */
export function balancedClassWeight(counts: readonly number[]): ClassWeight {
  const images = counts.reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(
    counts.map((count, label) => [label, count === 0 ? 1 : images / (counts.length * count)] as const),
  );
}

/**
 * Weights for images that may have several classes, with which having a class counts as much in all as not having it: images without it over
 * images with it, as PyTorch recommends for `BCEWithLogitsLoss`'s `pos_weight`.
 *
 * @param counts How many images have each class, by label. A class that none or all of them have counts 1.
 * @param images How many images there are.
 */
export function balancedPositiveWeight(counts: readonly number[], images: number): ClassWeight {
  const isSome = (count: number) => count > 0 && count < images;
  return Object.fromEntries(
    counts.map((count, label) => [label, isSome(count) ? (images - count) / count : 1] as const),
  );
}

/**
 * Returns the number of the model's classes that the weights are for.
 *
 * @throws SignetError `INVALID_ARGUMENT` when the model has several outputs, or no such classes.
 */
export function checkClassWeight(classWeight: ClassWeight, model: tf.LayersModel): number {
  if (model.outputs.length !== 1) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `classWeight is only supported for models with a single output. Received: ${model.outputs.length} outputs.`,
    );
  }
  const classes = model.outputs[0]?.shape.at(-1) ?? 0;
  const wrong = Object.entries(classWeight).find(
    ([label, weight]) => !(Number(label) >= 0 && Number(label) < classes) || !(Number.isFinite(weight) && weight >= 0),
  );
  if (!wrong) return classes;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `classWeight has a weight, 0 or more, for labels from 0 to ${classes - 1}. Received: ${wrong[1]} for label ${wrong[0]}.`,
  );
}
