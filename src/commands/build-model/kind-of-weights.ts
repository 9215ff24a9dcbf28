import { SignetError } from '../../errors.js';
import { findModelDescription } from '../../models/classifier/model-description.js';
import { readThresholds } from '../../models/classifier/read-thresholds.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import * as tf from '../../tensorflow/tf.js';
import { namedWeights } from '../shared/download-named-weights.js';

/** What the outputs of trained weights mean. */
export interface KindOfWeights {
  /** Whether an image may have several classes, or none. */
  readonly multiLabel: boolean;
  /** Whether a threshold for each class comes along, as in a SavedModel of Signet. */
  readonly hasThresholds: boolean;
}

/**
 * Finds out what the outputs of weights mean: a SavedModel of Signet says it itself, `imagenet` is of one class per image, and of other files
 * only the user knows.
 *
 * @throws SignetError `INVALID_ARGUMENT` for `--multi-label` and weights of one class per image.
 */
export async function kindOfWeights(options: {
  readonly weights: string;
  readonly multiLabel: boolean;
}): Promise<KindOfWeights> {
  const { weights } = options;
  const description = await findModelDescription(weights);
  if (description?.multiLabel) return { multiLabel: true, hasThresholds: true };
  if (!options.multiLabel) return { multiLabel: false, hasThresholds: false };
  if (!description && !namedWeights.includes(weights)) return { multiLabel: true, hasThresholds: false };
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--multi-label is for weights that were trained with a sigmoid for each class. Those of ${weights} were trained with one class per image. ` +
      'Leave the flag out, or train with several labels per image: train-model --train-list FILE',
  );
}

/** Gives a multi-label model the thresholds of a SavedModel of Signet. @throws SignetError `INVALID_SAVED_MODEL` when it has none. */
export async function takeThresholds(
  { thresholds, classNames }: ImageClassifierModel,
  directory: string,
): Promise<void> {
  const values = tf.tensor1d(await readThresholds(directory, classNames.length));
  thresholds?.assign(values);
  values.dispose();
}
