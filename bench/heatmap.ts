/**
 * Heat maps of five families: how much longer one takes than a prediction, and how much of the heat lies on the object, where its place is known.
 *
 * The time is that of `serving_heatmap` next to `serving_labels`, one image at a time, in turns. In the pointing test pictures are noise on which a
 * square of one of three colours lies at random, and the heat of each picture's class is summed within its square. LeNet and MobileNet are trained from
 * random weights to say which colours are in a picture. Training the others would take too long here. They keep their weights (ImageNet's if pip can install them, otherwise random ones) and get two heads. One is
 * solved by least squares: 1 for a class where a pixel of the feature map lies in a square of its colour, 0 elsewhere; so it is known where such a network sees a
 * class. The other learns which colour a picture has, on features that it cannot change.
 *
 * npm run bench:heatmap [-- --rounds 20 --families LenetModel,ResnetModel --time-only --photographs FOLDER]
 *
 * `--photographs` draws the squares on the photographs of a folder with a folder per class, for the networks that keep their weights. `--rounds 0` measures no time.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import sharp from 'sharp';

import { createRandom, shuffled } from '../src/data/dataset/random.js';
import { scanImageDirectory } from '../src/data/scan/scan-image-directory.js';
import type { ImageClassifierModel } from '../src/models/image-classifier-model.js';
import { modelTypes } from '../src/models/model-types.js';
import { stringVector } from '../src/ops/strings.js';
import { LoadedSavedModel } from '../src/saved-model/run/load-saved-model.js';
import * as tf from '../src/tensorflow/tf.js';
import { type Family, point } from './heatmap/pointing.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    families: { type: 'string' },
    'time-only': { type: 'boolean', default: false },
    photographs: { type: 'string' },
  },
});
const photographs = values.photographs === undefined ? [] : await drawn(values.photographs, 70);
const families: Readonly<Record<string, Family>> = {
  LenetModel: { side: 96, trainedSide: 96 },
  MobileNetModel: { side: 672, trainedSide: 224 },
  EfficientNetLiteModel: { side: 672, weights: 'imagenet' },
  ResnetModel: { side: 672 },
  InceptionModel: { side: 683 },
};

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

/** Draws some photographs of a folder. */
async function drawn(folder: string, count: number): Promise<string[]> {
  const { files } = await scanImageDirectory(folder);
  return shuffled(files, createRandom(1)).slice(0, count).map(({ path: file }) => file); // prettier-ignore
}

for (const [name, family] of Object.entries(families)) {
  if (values.families !== undefined && !values.families.split(',').includes(name)) continue;
  const Type = modelTypes[name];
  if (!Type) throw new Error(`There is no ${name}.`);
  if (values.rounds !== '0') {
    const model = new Type({ classNames: ['red', 'green', 'blue'], seed: 1, withHeatmap: true });
    const [prediction, heatmap] = await time(model);
    model.dispose();
    const ratio = (heatmap / prediction).toFixed(2);
    console.log(`${name}: prediction ${prediction.toFixed(1)} ms, heat map ${heatmap.toFixed(1)} ms: ${ratio} x`);
  }
  if (values['time-only']) continue;
  const { side, trainedSide, weights = trainedSide === undefined ? 'random' : 'trained' } = family;
  for (const { learnedFrom, share, area, right } of await point(name, family, photographs)) {
    console.log(
      `${name}, ${side} x ${side}, ${weights} weights, ${photographs.length > 0 && trainedSide === undefined ? 'on photographs, ' : ''}learned from ${learnedFrom}: ${(100 * share).toFixed(1)} % of the heat on the object, ` +
        `which is ${(100 * area).toFixed(1)} % of the picture; ${(100 * right).toFixed(0)} % right`,
    );
  }
}
