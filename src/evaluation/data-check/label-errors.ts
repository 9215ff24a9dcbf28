import { createRandom, shuffled } from '../../data/dataset/random.js';
import { labelsOf, multiHot } from '../../data/scan/image-scan.js';
import * as tf from '../../tensorflow/tf.js';
import { LogisticRegression } from '../../training/head/logistic-regression.js';
import type { CheckedImages } from './checked-images.js';
import type { ImageFeatures } from './embed-images.js';

/** A label that a head trained on other images does not believe. */
export interface LabelSuspect {
  /** Position among all images. */
  readonly image: number;
  /** Position of the class that it has and should not have; null where only one is missing. */
  readonly given: number | null;
  /** Position of the class that it should have; null where one is too many. */
  readonly suggested: number | null;
  /** Probability of what its label says, 0 to 1. */
  readonly selfConfidence: number;
  /** Probability of what is suggested. */
  readonly probability: number;
  /** Whether it is one by confident learning too: what is suggested is as probable as on average where it is given. */
  readonly isConfident: boolean;
}

/** Probabilities of n images by heads that did not see them, [n, classes]. */
export type HeldOutProbabilities = Float32Array;

/** Options of `heldOutProbabilities`. */
export interface HeldOutOptions {
  /** Groups of images that show one picture: a head that saw one would know the others. */
  readonly groups?: readonly (readonly number[])[] | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const folds = 5;
/**
 * Strength of the regularization. With 5 % of clothing's labels flipped, 0.1 and 0.3 rank them best (docs/decisions/0030); it does not depend on
 * the network, for features are centered and scaled.
 */
const strength = 0.1;
const seed = 0;

/** Probabilities of every image by a head that was trained on four fifths of the others. @throws The signal's reason. */
export async function heldOutProbabilities(
  { images, classNames, isMultiLabel }: CheckedImages,
  features: ImageFeatures,
  { groups = [], onProgress, signal }: HeldOutOptions = {},
): Promise<HeldOutProbabilities> {
  const classes = classNames.length;
  const probabilities = new Float32Array(images.length * classes);
  const foldOf = foldsOf(images.length, groups);
  const all = tf.tensor2d(features.values, [images.length, features.size]);
  const files = images.map(({ file }) => file);
  const labels = () => (isMultiLabel ? tf.tensor2d(multiHot(files, classes), [files.length, classes], 'int32') : tf.tensor1d(files.map(({ label }) => label), 'int32')); // prettier-ignore
  const truth = labels();
  try {
    for (let fold = 0; fold < folds; fold += 1) {
      signal?.throwIfAborted();
      const [held, others] = [true, false].map((isHeld) => [...foldOf.keys()].filter((i) => (foldOf[i] === fold) === isHeld)); // prettier-ignore
      if (!held?.length || !others?.length) continue;
      const rows = await predictFold({ all, truth, classes, isMultiLabel }, held, others, signal);
      held.forEach((image, i) => probabilities.set(rows.subarray(i * classes, (i + 1) * classes), image * classes));
      onProgress?.(fold + 1, folds);
    }
  } finally {
    tf.dispose([all, truth]);
  }
  return probabilities;
}

interface Labelled {
  readonly all: tf.Tensor2D;
  readonly truth: tf.Tensor1D | tf.Tensor2D;
  readonly classes: number;
  readonly isMultiLabel: boolean;
}

async function predictFold(
  { all, truth, classes, isMultiLabel }: Labelled,
  held: readonly number[],
  others: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const pick = <T extends tf.Tensor>(from: T, rows: readonly number[]) => tf.tidy(() => tf.gather(from, tf.tensor1d([...rows], 'int32'))); // prettier-ignore
  const batch = { xs: pick(all, others), ys: pick(truth, others) };
  const each = (visit: (seen: typeof batch) => void) => {
    visit(batch);
    return Promise.resolve();
  };
  try {
    const regression = await LogisticRegression.of({ features: all.shape[1], each }, classes);
    const { kernel, bias } = await regression.solve(strength, { isStopped: () => signal?.aborted ?? false });
    return tf.tidy(() => {
      const logits = tf.add(tf.matMul(pick(all, held), tf.tensor2d(kernel, [all.shape[1], classes])), tf.tensor1d(bias)); // prettier-ignore
      return (isMultiLabel ? tf.sigmoid(logits) : tf.softmax(logits)).dataSync<'float32'>().slice();
    });
  } finally {
    tf.dispose([batch.xs, batch.ys]);
  }
}

/** Divides images among the folds at random; a group stays together. */
function foldsOf(images: number, groups: readonly (readonly number[])[]): Uint8Array {
  const leader = Array.from({ length: images }, (_, i) => i);
  for (const group of groups) for (const image of group) leader[image] = group[0] ?? image;
  const fold = new Uint8Array(images);
  for (const [place, image] of shuffled([...leader.keys()], createRandom(seed)).entries()) fold[image] = place % folds;
  return fold.map((_, image) => fold[leader[image] ?? image] ?? 0);
}

/**
 * Lists the labels that are suspected to be wrong, those with the lowest probability of what the label says first: where another class is more probable
 * than the given one, or, where images may have several, where an answer is less probable than its opposite.
 *
 * Source: Northcutt, Jiang and Chuang, "Confident Learning" (arXiv:1911.00068): ranked by self-confidence, thresholds by the classes' means.
 */
export function suspectedLabels(checked: CheckedImages, probabilities: HeldOutProbabilities): LabelSuspect[] {
  const suspects = checked.isMultiLabel ? ofSeveral(checked, probabilities) : ofOneClass(checked, probabilities);
  return suspects.sort((a, b) => a.selfConfidence - b.selfConfidence || a.image - b.image);
}

function ofOneClass({ images, classNames }: CheckedImages, probabilities: HeldOutProbabilities): LabelSuspect[] {
  const classes = classNames.length;
  const at = (image: number, label: number) => probabilities[image * classes + label] ?? 0;
  const means = classNames.map((_, label) => mean(images.flatMap(({ file }, i) => (file.label === label ? [at(i, label)] : [])))); // prettier-ignore
  return images.flatMap(({ file: { label: given } }, image) => {
    const row = [...probabilities.subarray(image * classes, (image + 1) * classes)];
    const probability = Math.max(...row);
    const suggested = row.indexOf(probability);
    if (suggested === given) return [];
    const isConfident = probability >= (means[suggested] ?? 1);
    return [{ image, given, suggested, selfConfidence: at(image, given), probability, isConfident }];
  });
}

function ofSeveral({ images, classNames }: CheckedImages, probabilities: HeldOutProbabilities): LabelSuspect[] {
  const classes = classNames.length;
  return classNames.flatMap((_, label) => {
    const cells = images.map(({ file }, image) => {
      const isGiven = labelsOf(file).includes(label);
      const probability = probabilities[image * classes + label] ?? 0;
      return { image, isGiven, selfConfidence: isGiven ? probability : 1 - probability };
    });
    const meanOf = (wanted: boolean) => mean(cells.flatMap(({ isGiven, selfConfidence }) => (isGiven === wanted ? [selfConfidence] : []))); // prettier-ignore
    const means = new Map([true, false].map((wanted) => [wanted, meanOf(wanted)]));
    return cells
      .filter(({ selfConfidence }) => selfConfidence < 0.5)
      .map(({ image, isGiven, selfConfidence }) => ({
        image,
        given: isGiven ? label : null,
        suggested: isGiven ? null : label,
        selfConfidence,
        probability: 1 - selfConfidence,
        isConfident: 1 - selfConfidence >= (means.get(!isGiven) ?? 1),
      }));
  });
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Two classes, and how often images of one are taken for the other. */
export interface AlikeClasses {
  /** Positions of the classes. */
  readonly classes: readonly [number, number];
  /** Part of the images of both that heads that did not see them take for the other, 0 to 1. */
  readonly confused: number;
}

/** Lowest share of confused images at which two classes are called alike. */
const leastConfused = 0.15;

/** Lists the pairs of classes that are hard to tell apart, the worst first; none where images may have several classes, since these exclude nothing. */
export function alikeClasses(checked: CheckedImages, suspects: readonly LabelSuspect[]): AlikeClasses[] {
  const { images, classNames, isMultiLabel } = checked;
  if (isMultiLabel) return [];
  const counts = classNames.map((_, label) => images.filter(({ file }) => file.label === label).length);
  const confusions = new Map<string, number>();
  for (const { given, suggested } of suspects) {
    const key = [given ?? 0, suggested ?? 0].sort((a, b) => a - b).join(' ');
    confusions.set(key, (confusions.get(key) ?? 0) + 1);
  }
  return [...confusions]
    .map(([key, number]): AlikeClasses => {
      const [a = 0, b = 0] = key.split(' ').map(Number);
      return { classes: [a, b], confused: number / Math.max(1, (counts[a] ?? 0) + (counts[b] ?? 0)) };
    })
    .filter(({ confused }) => confused >= leastConfused)
    .sort((a, b) => b.confused - a.confused);
}
