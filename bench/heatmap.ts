/**
 * Heat maps of five families: how much longer one takes than a prediction, and how much of the heat lies on the object where that is known.
 *
 * The time is that of `serving_heatmap` next to `serving_labels`, one image at a time, in turns. In the pointing test pictures are noise on which a
 * square of one of three colours lies at random. The backbones have random weights, and a head that is solved for by least squares: 1 for a class where a
 * pixel of the feature map lies in a square of its colour, 0 elsewhere. So it is known where such a network sees a class. LeNet has two dense layers, and is
 * trained for some steps to say which colours are there: any number of them. Then the heat of each picture's class is summed within its square.
 *
 * npm run bench:heatmap [-- --rounds 20 --families LenetModel,ResnetModel]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import sharp from 'sharp';

import { type FeatureMap, featureMapOf } from '../src/models/classifier/feature-map.js';
import { heatmapsOf } from '../src/models/classifier/heatmap.js';
import type { ImageClassifierModel } from '../src/models/image-classifier-model.js';
import { modelTypes } from '../src/models/model-types.js';
import { stringVector } from '../src/ops/strings.js';
import { LoadedSavedModel } from '../src/saved-model/run/load-saved-model.js';
import * as tf from '../src/tensorflow/tf.js';
import { fit } from '../src/training/fit.js';
import { Adam } from '../src/training/optimizers/adam.js';
import { mulberry32 } from '../test/helpers/data/mulberry32.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' }, families: { type: 'string' } } });
const classNames = ['red', 'green', 'blue'];

/** The side of a family's pictures in the pointing test: large, so that a pixel of the map, 32 of the picture, is small next to a square. */
const families = {
  LenetModel: 96,
  MobileNetModel: 672,
  EfficientNetLiteModel: 672,
  ResnetModel: 672,
  InceptionModel: 683,
} as const;

/** Whether a pixel of a picture lies in its square. */
type IsInside = (y: number, x: number) => boolean;

/** Pictures of noise, each with a square of its class's colour, half as wide and more; and where the squares are. @param empty Every which has none. */
function squares(count: number, side: number, seed: number, empty = Infinity) {
  const random = mulberry32(seed);
  const pixels = new Float32Array(count * side * side * 3);
  const boxes = Array.from({ length: count }, (_, i): IsInside => {
    const size = Math.round(side * (0.5 + 0.2 * random()));
    const [top, left] = [random(), random()].map((place) => Math.floor(place * (side - size))) as [number, number];
    const isThere = (i + 1) % empty !== 0;
    const isInside: IsInside = (y, x) => isThere && y >= top && y < top + size && x >= left && x < left + size;
    for (let p = 0; p < side * side; p += 1) {
      const inside = isInside(Math.floor(p / side), p % side);
      for (let k = 0; k < 3; k += 1) {
        pixels[(i * side * side + p) * 3 + k] = inside ? (k === i % 3 ? 230 : 40) : random() * 160;
      }
    }
    return isInside;
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const present = labels.map((_, i) => ((i + 1) % empty === 0 ? 0 : 1));
  return { images: tf.tensor4d(pixels, [count, side, side, 3]), labels, present, boxes };
}

const [steps, batchSize] = [60, 12];

/** Trains a multi-label classifier on pictures of which every fifth has no square. */
async function train(model: ImageClassifierModel, side: number): Promise<void> {
  model.compile({ optimizer: new Adam({ learningRate: 0.001 }) });
  const { images, labels, present } = squares(steps * batchSize, side, 1, 5);
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

/** Gives a model the head whose logits are the mean over the feature map of what says 1 on squares of a colour. */
function solveHead(model: ImageClassifierModel, map: FeatureMap, side: number): void {
  const count = 40;
  const { images, labels, boxes } = squares(count, side, 1);
  calibrate(model, tf.slice4d(images, [0, 0, 0, 0], [3, -1, -1, -1]));
  const kernel = tf.tidy(() => {
    const parts = Array.from({ length: count }, (_, i) => tf.tidy(() => map.features(images.slice(i, 1))));
    const features = tf.concat(parts);
    const [, rows, columns, channels] = features.shape;
    const targets = boxes.flatMap((isInside, i) =>
      Array.from({ length: rows * columns }, (_, cell) => {
        const [y, x] = [Math.floor(cell / columns) + 0.5, (cell % columns) + 0.5];
        const inside = isInside((y / rows) * side, (x / columns) * side);
        return classNames.map((_, k) => (inside && labels[i] === k ? 1 : 0));
      }),
    );
    return leastSquares(features.reshape([-1, channels]), tf.tensor2d(targets));
  });
  const [head] = model.layers.slice(-1);
  head?.setWeights([kernel, tf.zeros([3])]);
  tf.dispose([images, kernel]);
}

/** Gives normalizations the averages of some pictures, as if the network had been trained for long. */
function calibrate(model: ImageClassifierModel, images: tf.Tensor4D): void {
  // TF.js keeps the share of the old averages in a field that its typings hide.
  for (const layer of model.layers) if ('momentum' in layer) layer.momentum = 0;
  tf.tidy(() => model.apply(images, { training: true }) as tf.Tensor);
  images.dispose();
}

/** Solves (X'X + l) W = X'Y by conjugate gradients, each column by itself. */
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

/** The share of the heat of the most probable class within the square, in the mean, and of the squares' area; and how many are right. */
function point(model: ImageClassifierModel, map: FeatureMap, side: number) {
  const { images, labels, boxes } = squares(30, side, 2);
  let [share, area, right] = [0, 0, 0];
  boxes.forEach((isInside, i) => {
    const [heat, found] = tf.tidy(() => {
      const { heatmap, classIndex } = heatmapsOf(map, images.slice(i, 1), tf.tensor1d([-1], 'int32'), model.imageSize);
      return [heatmap.dataSync<'float32'>(), classIndex.dataSync()[0]] as const;
    });
    const within = (value: number, p: number) => (isInside(Math.floor(p / side), p % side) ? value : 0);
    const sum = (all: Iterable<number>) => Array.from(all).reduce((a, b) => a + b, 0);
    share += sum(heat.map(within)) / sum(heat) / boxes.length;
    area += sum(heat.map((_, p) => within(1, p))) / heat.length / boxes.length;
    if (found === labels[i]) right += 1;
  });
  images.dispose();
  return { share, area, right: right / boxes.length };
}

/** Milliseconds of a prediction and of a heat map, the median of the rounds. */
async function time(model: ImageClassifierModel): Promise<readonly [number, number]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-heatmap-'));
  await model.save(path.join(folder, '1'));
  const loaded = await LoadedSavedModel.load(path.join(folder, '1'), { areVariablesConstant: true });
  const [height, width] = model.imageSize;
  const noise = Buffer.from(Array.from({ length: height * width * 3 }, (_, i) => (i * 7919) % 256));
  const file = await sharp(noise, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  const [bytes, wanted] = [stringVector([file]), tf.tensor1d([-1], 'int32')];
  const run = (key: string, inputs: Record<string, tf.Tensor>) => {
    const start = performance.now();
    tf.dispose(loaded.call(key, inputs));
    return performance.now() - start;
  };
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < Number(values.rounds) + 3; i += 1) {
    times[0].push(run('serving_labels', { image_bytes_string: bytes }));
    times[1].push(run('serving_heatmap', { image_bytes_string: bytes, class_index: wanted }));
  }
  loaded.dispose();
  await rm(folder, { recursive: true });
  const median = (all: number[]) => all.slice(3).toSorted((a, b) => a - b)[Math.floor((all.length - 3) / 2)] ?? NaN;
  return [median(times[0]), median(times[1])];
}

for (const [name, side] of Object.entries(families)) {
  if (values.families !== undefined && !values.families.split(',').includes(name)) continue;
  const Type = modelTypes[name];
  if (!Type) throw new Error(`There is no ${name}.`);
  const large = new Type({ classNames, seed: 1, withHeatmap: true });
  const [prediction, heatmap] = await time(large);
  large.dispose();
  console.log(
    `${name}: prediction ${prediction.toFixed(1)} ms, heat map ${heatmap.toFixed(1)} ms: ${(heatmap / prediction).toFixed(2)} x`,
  );
  const isTrained = name === 'LenetModel';
  const model = new Type({ classNames, seed: 1, inputHeight: side, inputWidth: side, multiLabel: isTrained });
  const map = featureMapOf(model);
  if (!map) throw new Error(`${name} has no heat maps.`);
  if (isTrained) await train(model, side);
  else solveHead(model, map, side);
  const { share, area, right } = point(model, map, side);
  console.log(
    `${name}, ${side} x ${side}: ${(100 * share).toFixed(1)} % of the heat on the object, which is ${(100 * area).toFixed(1)} % of the picture; ${(100 * right).toFixed(0)} % right`,
  );
  model.dispose();
}
