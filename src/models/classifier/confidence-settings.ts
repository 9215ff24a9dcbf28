import * as v from 'valibot';

import { wholeNumber } from '../../files/read-json.js';

/** How to interpret a classifier's confidence, as chosen by `chooseConfidence`. Saved with the model. */
export interface ConfidenceSettings {
  /** Divides the logits before they become probabilities. Default: 1. */
  readonly temperature?: number | undefined;
  /** The lowest confidence of a sure answer; absent unless an accuracy was requested. */
  readonly sure?: SureSettings | undefined;
  /** How to tell images of a kind that the model knows; absent if it treats every image as one. */
  readonly known?: KnownSettings | undefined;
}

/** A threshold of the confidence that was chosen for an accuracy. */
export interface SureSettings {
  /** The requested accuracy of sure answers, 0 to 1. */
  readonly targetAccuracy: number;
  /** The lowest confidence of a sure answer, 0 to 1. */
  readonly threshold: number;
}

/** How images that belong to no class are recognized. */
export interface KnownSettings {
  /** Number of centroids of the training images' embeddings; 0 if there are none and the confidence alone decides. */
  readonly centroids: number;
  /** Distance to the nearest centroid that half of the validation's images exceed. */
  readonly typicalDistance: number;
  /** Distance that a hundredth of them exceed. */
  readonly farDistance: number;
  /** The lowest score of a known image, 0 to 1; see `knownScore`. */
  readonly threshold: number;
}

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** One minus a cosine. */
const distance = v.pipe(v.number(), v.minValue(0), v.maxValue(2));

/** The settings in a model's description, which may come from anybody. */
export const confidenceSchema = v.object({
  temperature: v.optional(v.pipe(v.number(), v.minValue(1e-3), v.maxValue(1e3))),
  sure: v.optional(v.object({ targetAccuracy: share, threshold: share })),
  known: v.optional(
    v.object({
      centroids: wholeNumber(0, 1_000_000),
      typicalDistance: distance,
      farDistance: distance,
      threshold: share,
    }),
  ),
});
