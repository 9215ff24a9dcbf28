import type { KnownSettings } from '../../models/classifier/confidence-settings.js';
import { distanceToNearest, knownScore, mostCentroids } from '../../models/classifier/known-images.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import * as tf from '../../tensorflow/tf.js';
import type { ConfidenceSamples, EmbeddedImages } from './confidence-samples.js';
import { sphericalKMeans } from './spherical-k-means.js';
import { chooseTemperature } from './temperature.js';
import { type ChosenThreshold, thresholdForAccuracy } from './threshold-for-accuracy.js';

/** Options of `chooseConfidence`. */
export interface ChooseConfidenceOptions {
  /** Fraction of sure answers that should be right, 0 to 1. Default: no answer counts as sure. */
  readonly targetAccuracy?: number | undefined;
  /** Whether images unlike all training images are recognized. Default: true. */
  readonly unknown?: boolean | undefined;
  /** Seed of the first centroids. Default: 0. */
  readonly seed?: number | undefined;
}

/** What was chosen. */
export interface ChosenConfidence {
  /** 1 where another one does not help images that it was not chosen on, and for a multi-label model. */
  readonly temperature: number;
  /** The threshold for `targetAccuracy`; null if none was requested, or no threshold reaches that accuracy. */
  readonly sure: ChosenThreshold | null;
  /** How unknown images are recognized; null if they are not. */
  readonly known: KnownSettings | null;
}

/** Share of the validation's images that are known. */
const knownShare = 0.95;

/**
 * Gives a model what its confidence means: a temperature where it helps, a threshold for an accuracy, and how images that belong to no
 * class are told apart. `save` writes it and `loadModel` restores it.
 *
 * A multi-label model keeps its probabilities: its thresholds are chosen for each class, and a temperature would move both alike.
 *
 * @example
 * ```ts
 * chooseConfidence(model, await collectConfidenceSamples(model, { train, validation }), { targetAccuracy: 0.95 });
 * await model.save('models/TinyModel/1');
 * ```
 */
export function chooseConfidence(
  model: ImageClassifierModel,
  samples: ConfidenceSamples,
  { targetAccuracy, unknown = true, seed = 0 }: ChooseConfidenceOptions = {},
): ChosenConfidence {
  const { validation } = samples;
  const isEmpty = validation.logits.length === 0;
  const temperature = model.multiLabel || isEmpty ? 1 : chooseTemperature(validation);
  const confidences = model.multiLabel ? null : confidencesOf(validation, model.classNames.length, temperature);
  const sure =
    targetAccuracy === undefined || !confidences ? null : thresholdForAccuracy(judged(confidences), targetAccuracy);
  const found = unknown && !isEmpty ? chooseKnown(model, samples, confidences, seed) : null;
  model.setConfidence(
    {
      temperature,
      sure: sure && targetAccuracy !== undefined ? { targetAccuracy, threshold: sure.threshold } : undefined,
      known: found?.known,
    },
    found?.centroids,
  );
  found?.centroids?.dispose();
  return { temperature, sure, known: found?.known ?? null };
}

interface Confidences {
  /** [n, classes] in C order. */
  readonly probabilities: Float32Array;
  /** [n], the largest. */
  readonly values: Float32Array;
  readonly isRight: readonly boolean[];
}

function confidencesOf(
  { logits, labels }: ConfidenceSamples['validation'],
  classes: number,
  temperature: number,
): Confidences {
  const [probabilities, values, predicted] = tf.tidy(() => {
    const softmax = tf.softmax(tf.div(tf.tensor2d(logits, [labels.length, classes]), temperature));
    return [softmax, tf.max(softmax, 1), tf.argMax(softmax, 1)].map((each) => Float32Array.from(each.dataSync()));
  }) as [Float32Array, Float32Array, Float32Array];
  const isRight = Array.from(labels, (label, i) => predicted[i] === label);
  return { probabilities, values, isRight };
}

function judged({ values, isRight }: Confidences) {
  return Array.from(values, (confidence, i) => ({ confidence, isRight: isRight[i] ?? false }));
}

interface FoundKnown {
  readonly known: KnownSettings;
  readonly centroids: tf.Tensor2D | undefined;
}

/** @returns null where nothing tells unknown images apart: for a multi-label model without centroids. */
function chooseKnown(
  model: ImageClassifierModel,
  samples: ConfidenceSamples,
  confidences: Confidences | null,
  seed: number,
): FoundKnown | null {
  const centroids = centroidsOf(model, samples.train, seed);
  if (!centroids && !confidences) return null;
  const features = centroids?.shape[1] ?? 0;
  const { embeddings } = samples.validation;
  const scored = tf.tidy(() => {
    const distance =
      centroids && distanceToNearest(tf.tensor2d(embeddings, [embeddings.length / features, features]), centroids);
    const sorted = distance ? distance.dataSync<'float32'>().toSorted() : new Float32Array();
    const range = { typicalDistance: quantile(sorted, 0.5), farDistance: quantile(sorted, 0.99) };
    const probabilities =
      confidences && tf.tensor2d(confidences.probabilities, [confidences.values.length, model.classNames.length]);
    const score = knownScore(probabilities, distance ?? null, range);
    return { ...range, threshold: lowerBound(score.dataSync<'float32'>().toSorted()) };
  });
  return { known: { centroids: centroids?.shape[0] ?? 0, ...scored }, centroids };
}

/** The value at a place of sorted ones; 0 without any. */
function quantile(sorted: Float32Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** The score that all but 5 % of the images reach, in the middle between two that were seen. */
function lowerBound(sorted: Float32Array): number {
  const below = Math.floor((1 - knownShare) * sorted.length);
  return ((sorted[below - 1] ?? 0) + (sorted[below] ?? 0)) / 2;
}

/** Centroids of each class alike, or where images may have several, or fewer fit than there are classes, of all images. */
function centroidsOf(
  model: ImageClassifierModel,
  { embeddings, labels }: EmbeddedImages,
  seed: number,
): tf.Tensor2D | undefined {
  const { features, multiLabel } = model;
  const classes = model.classNames.length;
  const most = features === null || embeddings.length === 0 ? 0 : mostCentroids(model, features, classes);
  if (features === null || most === 0) return undefined;
  const byClass = multiLabel || most < classes ? null : labels;
  return tf.tidy(() => {
    const all = tf.tensor2d(embeddings, [embeddings.length / features, features]);
    const groups = byClass ? positionsByLabel(byClass, classes) : [null];
    const k = Math.max(1, Math.floor(most / (byClass ? classes : 1)));
    return tf.concat(groups.map((group) => sphericalKMeans(group ? tf.gather(all, group) : all, k, seed)));
  });
}

/** Positions of the images of each class that has any. */
function positionsByLabel(labels: Int32Array, classes: number): number[][] {
  const groups = Array.from({ length: classes }, (): number[] => []);
  for (const [i, label] of labels.entries()) groups[label]?.push(i);
  return groups.filter((group) => group.length > 0);
}
