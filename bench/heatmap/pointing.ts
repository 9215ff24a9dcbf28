import sharp from 'sharp';

import { mapConcurrently } from '../../src/files/map-concurrently.js';
import { type FeatureMaps, featureMapsOf } from '../../src/models/classifier/feature-map.js';
import { heatmapsOf } from '../../src/models/classifier/heatmap.js';
import type { ImageClassifierModel } from '../../src/models/image-classifier-model.js';
import { loadPretrained } from '../../src/models/load-pretrained.js';
import { modelTypes } from '../../src/models/model-types.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { LogisticRegression } from '../../src/training/head/logistic-regression.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { type Squares, squares } from './squares.js';

/** A network of the pointing test. */
export interface Family {
  /** Width and height of a picture in pixels: large, so that a pixel of the feature map, 32 of the picture's, is small compared with a square. */
  readonly side: number;
  /**
   * Width and height of the pictures on which the whole network is trained to name the colours in a picture. Default: it keeps its weights and gets a
   * head.
   */
  readonly trainedSide?: number;
  /** Weights that it keeps if it is not trained. Default: random ones. */
  readonly weights?: 'imagenet';
}

/** Where the heat of a network is. */
export interface Pointing {
  /** What the network learned from. */
  readonly learnedFrom: 'places' | 'labels';
  /** Mean share of the most probable class's heat that lies within the square. */
  readonly share: number;
  /** Mean share of the picture that the square covers: the share of heat that is spread evenly. */
  readonly area: number;
  /** Share of the pictures whose class is right. */
  readonly right: number;
}

const classNames = ['red', 'green', 'blue'];

/** Seeds of the pictures for learning and of those for the result, which were not used to choose anything. */
const seeds = { learned: 1, judged: 3 };
const [learnedPictures, judgedPictures] = [40, 30];

/**
 * Measures how much of the heat lies on squares whose place is known.
 *
 * @param photographs Files to draw the squares on, for families that are not trained: the first half for learning, the second half for the result.
 *   Default: noise.
 */
export async function point(
  modelType: string,
  { side, trainedSide, weights }: Family,
  photographs: readonly string[] = [],
): Promise<Pointing[]> {
  const Type = modelTypes[modelType];
  if (!Type) throw new Error(`There is no ${modelType}.`);
  const make = (pixels: number) => new Type({ classNames, seed: 1, inputHeight: pixels, inputWidth: pixels, multiLabel: trainedSide !== undefined }); // prettier-ignore
  const model = make(side);
  try {
    if (weights) await loadPretrained(model, { weights });
    const maps = featureMapsOf(model);
    if (!maps) throw new Error(`${modelType} has no heat maps.`);
    if (trainedSide === undefined) return await pointWithHeads(model, maps, { side, isRandom: !weights, photographs });
    await takeTrained(model, make(trainedSide), side);
    const judged = mapsOf(model, maps, squares(judgedPictures, side, seeds.judged));
    const result = measure('labels', judged);
    tf.dispose(judged.features);
    return [result];
  } finally {
    model.dispose();
  }
}

/** Trains a smaller copy of a model, which is disposed of, and takes its weights. */
async function takeTrained(model: ImageClassifierModel, copy: ImageClassifierModel, side: number): Promise<void> {
  await train(copy, copy.imageSize[0]);
  model.setWeights(copy.getWeights());
  copy.dispose();
  const { images } = squares(8, side, seeds.learned, { empty: every });
  calibrate(model, images);
  images.dispose();
}

/** Measures a network whose head learned where the squares are, then with a head that learned only which colour a picture has. */
async function pointWithHeads(
  model: ImageClassifierModel,
  maps: FeatureMaps,
  {
    side,
    isRandom,
    photographs,
  }: { readonly side: number; readonly isRandom: boolean; readonly photographs: readonly string[] },
): Promise<Pointing[]> {
  const half = Math.ceil(photographs.length / 2);
  const learned = squares(learnedPictures, side, seeds.learned, {
    backgrounds: await squashed(photographs.slice(0, half), side),
  });
  if (isRandom) tf.tidy(() => calibrate(model, tf.slice4d(learned.images, [0, 0, 0, 0], [3, -1, -1, -1])));
  const known = mapsOf(model, maps, learned);
  const judged = mapsOf(
    model,
    maps,
    squares(judgedPictures, side, seeds.judged, { backgrounds: await squashed(photographs.slice(half), side) }),
  );
  const [head] = model.layers.slice(-1);
  const results: Pointing[] = [];
  for (const [learnedFrom, solve] of [
    ['places', headOfPlaces],
    ['labels', headOfLabels],
  ] as const) {
    const solved = await solve(known);
    head?.setWeights(solved);
    results.push(measure(learnedFrom, judged));
    tf.dispose(solved);
  }
  tf.dispose([known.features, judged.features]);
  return results;
}

/** Decodes photographs to [side, side, 3]; undefined for none. */
async function squashed(files: readonly string[], side: number): Promise<Uint8Array[] | undefined> {
  if (files.length === 0) return undefined;
  const decode = (file: string) => sharp(file).rotate().removeAlpha().toColourspace('srgb').resize(side, side, { fit: 'fill' }).raw().toBuffer(); // prettier-ignore
  return mapConcurrently(files, 2, decode);
}

/** Feature maps of pictures, which are computed once for all heads. */
interface SeenSquares extends Omit<Squares, 'images'> {
  readonly model: ImageClassifierModel;
  readonly maps: FeatureMaps;
  /** One tensor [1, rows, columns, channels] for each picture. */
  readonly features: tf.Tensor4D[];
}

/** Computes the feature maps, and frees the pictures. */
function mapsOf(model: ImageClassifierModel, maps: FeatureMaps, { images, ...rest }: Squares): SeenSquares {
  const features = rest.boxes.map((_, i) => tf.tidy(() => onlyMap(maps.features(tf.slice4d(images, [i, 0, 0, 0], [1, -1, -1, -1]))))); // prettier-ignore
  images.dispose();
  return { model, maps, features, ...rest };
}

/** The networks of the pointing test have heads on the last features. */
function onlyMap([map, ...others]: readonly tf.Tensor4D[]): tf.Tensor4D {
  if (!map || others.length > 0) throw new Error('A network has several feature maps.');
  return map;
}

function measure(
  learnedFrom: Pointing['learnedFrom'],
  { model, maps, features, boxes, labels }: SeenSquares,
): Pointing {
  const [height, width] = model.imageSize;
  let [share, area, right] = [0, 0, 0];
  for (const [i, feature] of features.entries()) {
    const isInside = boxes[i] ?? (() => false);
    const [heat, found] = tf.tidy(() => {
      const seen: FeatureMaps = { features: () => [feature], logits: maps.logits };
      const { heatmap, classIndex } = heatmapsOf(seen, tf.zeros([1]), tf.tensor1d([-1], 'int32'), model.imageSize);
      return [heatmap.dataSync<'float32'>(), classIndex.dataSync()[0]] as const;
    });
    let [within, all, pixels] = [0, 0, 0];
    heat.forEach((value, p) => {
      const inside = isInside(Math.floor(p / width), p % width);
      all += value;
      if (inside) [within, pixels] = [within + value, pixels + 1];
    });
    share += within / all / boxes.length;
    area += pixels / (height * width) / boxes.length;
    if (found === labels[i]) right += 1 / boxes.length;
  }
  return { learnedFrom, share, area, right };
}

const [steps, batchSize] = [60, 12];
/** Every fifth picture has no square: this is how a network learns what a background is. */
const every = 5;

/** Trains a multi-label classifier on which colours are in a picture. */
async function train(model: ImageClassifierModel, side: number): Promise<void> {
  model.compile({ optimizer: new Adam({ learningRate: 0.001 }) });
  const { images, labels, present } = squares(steps * batchSize, side, seeds.learned, { empty: every });
  const ys = tf.tidy(() =>
    tf.mul(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), tf.expandDims(tf.tensor1d(present, 'int32'), 1)),
  );
  const batches = Array.from({ length: steps }, (_, i) => {
    const rows = [i * batchSize, batchSize] as const;
    return { xs: images.slice(...rows), ys: ys.slice(...rows) };
  });
  await fit(model, tf.data.array(batches), { epochs: 1, verbose: 0, jit: 'graph' });
  tf.dispose([images, ys, batches]);
}

/** Sets the moving averages of normalizations to those of some pictures, as after a long training. */
function calibrate(model: ImageClassifierModel, images: tf.Tensor4D): void {
  // TF.js keeps the momentum in a field that its typings hide.
  for (const layer of model.layers) if ('momentum' in layer) layer.momentum = 0;
  tf.tidy(() => model.apply(images, { training: true }) as tf.Tensor);
}

/** Weights of a layer of logits, kernel and bias. */
type Head = [tf.Tensor, tf.Tensor];

/** The head whose logits are the mean, over the feature map, of values that should be 1 on squares of a colour and 0 elsewhere. */
function headOfPlaces({ model, features, boxes, labels }: SeenSquares): Head {
  const [height, width] = model.imageSize;
  const kernel = tf.tidy(() => {
    const all = tf.concat(features);
    const [, rows, columns, channels] = all.shape;
    const targets = boxes.flatMap((isInside, i) =>
      Array.from({ length: rows * columns }, (_, cell) => {
        const [y, x] = [Math.floor(cell / columns) + 0.5, (cell % columns) + 0.5];
        const inside = isInside((y / rows) * height, (x / columns) * width);
        return classNames.map((_, k) => (inside && labels[i] === k ? 1 : 0));
      }),
    );
    return leastSquares(tf.reshape(all, [-1, channels]), tf.tensor2d(targets));
  });
  return [kernel, tf.zeros([classNames.length])];
}

/** The head of `train-model`'s recipe. It learns the colour of a picture from the mean of the picture's feature map. */
async function headOfLabels({ features, labels }: SeenSquares): Promise<Head> {
  const xs = tf.tidy(() => tf.concat(features.map((each) => tf.mean<tf.Tensor2D>(each, [1, 2]))));
  const batch = { xs, ys: tf.tensor1d(labels, 'int32') };
  const each = (visit: (seen: typeof batch) => void) => {
    visit(batch);
    return Promise.resolve();
  };
  const regression = await LogisticRegression.of({ features: xs.shape[1], each }, classNames.length);
  const { kernel, bias } = await regression.solve(0.03);
  tf.dispose([batch.xs, batch.ys]);
  return [tf.tensor2d(kernel, [xs.shape[1], classNames.length]), tf.tensor1d(bias)];
}

/** Solves (X'X + l) W = X'Y by conjugate gradients, column by column. */
function leastSquares(x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D {
  const strength = tf.mul(tf.mean(tf.square(x)), 0.01 * x.shape[0]);
  const apply = (w: tf.Tensor2D) => tf.add<tf.Tensor2D>(tf.matMul(x, tf.matMul(x, w), true), tf.mul(w, strength));
  const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b), 0, true);
  let rest: tf.Tensor2D = tf.matMul(x, y, true);
  let w: tf.Tensor2D = tf.zerosLike(rest);
  let direction = rest;
  let size = dot(rest, rest);
  for (let i = 0; i < 60; i += 1) {
    const applied = apply(direction);
    const step = tf.divNoNan(size, dot(direction, applied));
    w = tf.add(w, tf.mul(direction, step));
    rest = tf.sub(rest, tf.mul(applied, step));
    const next = dot(rest, rest);
    direction = tf.add(rest, tf.mul(direction, tf.divNoNan(next, size)));
    size = next;
  }
  return w;
}
