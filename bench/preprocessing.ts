/**
 * The cost of EXIF, aspect ratio and smoothing, and the gain from decoding at a reduced size: processor time per image of the compiled function that
 * reads images for training and serving, with each setting in turns. Elapsed time says little on a busy machine.
 *
 * npm run bench:preprocessing
 */
import { parseArgs } from 'node:util';

import sharp from 'sharp';

import { decodeAndResize } from '../src/ops/decode-and-resize.js';
import type { Preprocessing } from '../src/ops/fit-images.js';
import { stringVector } from '../src/ops/strings.js';
import { CompiledFunctions } from '../src/saved-model/run/compile.js';
import * as tf from '../src/tensorflow/tf.js';
import { tensorSpec } from '../src/tracing/tensor-spec.js';
import { tfFunction } from '../src/tracing/tf-function.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
const size = [224, 224] as const;
const ways: Readonly<Record<string, Preprocessing>> = {
  'exif ignored': { exif: 'ignore' },
  'exif applied': { exif: 'apply' },
  crop: { resize: 'crop' },
  pad: { resize: 'pad' },
  antialias: { antialias: true },
  'decode reduced': { decode: 'reduced' },
};

const compiled = new Map<string, CompiledFunctions>();
for (const [name, way] of Object.entries(ways)) {
  const decode = tfFunction((bytes: tf.Tensor) => decodeAndResize(bytes, size, way), {
    inputSignature: { bytes: tensorSpec('string', [null]) },
  });
  compiled.set(name, await CompiledFunctions.compile({ decode: decode.getConcreteFunction() }));
}

const noise = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * 7919) % 256));
const picture = (width: number, height: number) =>
  sharp(noise, { raw: { width: 64, height: 48, channels: 3 } }).resize(width, height);
const encoded = async (width: number, height: number, orientation?: number) => {
  const image = picture(width, height);
  return (orientation === undefined ? image : image.withMetadata({ orientation })).jpeg().toBuffer();
};
const times8 = (file: Buffer) => Array.from({ length: 8 }, () => file);
const sets = {
  '64 of 224 x 224 without EXIF': times8(await encoded(224, 224)).flatMap(times8),
  '64 of 640 x 480 without EXIF': times8(await encoded(640, 480)).flatMap(times8),
  '64 of 640 x 480, upright by EXIF': times8(await encoded(640, 480, 1)).flatMap(times8),
  '8 of 4000 x 3000 without EXIF': times8(await encoded(4000, 3000)),
  '8 of 4000 x 3000 with orientation 6': times8(await encoded(4000, 3000, 6)),
};

for (const [title, images] of Object.entries(sets)) {
  const bytes = stringVector(images);
  const costs = new Map<string, number[]>();
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const [name, functions] of compiled) {
      const before = process.cpuUsage();
      tf.dispose(functions.call('decode', [bytes]));
      const { user, system } = process.cpuUsage(before);
      // The first round fills caches.
      if (round > 0) costs.set(name, [...(costs.get(name) ?? []), (user + system) / 1000 / images.length]);
    }
  }
  bytes.dispose();
  console.log(title);
  for (const [name, all] of costs) {
    const [least = NaN, median = NaN] = [0, Math.floor(all.length / 2)].map((at) => all.toSorted((a, b) => a - b)[at]);
    console.log(
      `  ${name.padEnd(14)} ${median.toFixed(3).padStart(8)} ms of processor time per image, at best ${least.toFixed(3)}`,
    );
  }
}
for (const functions of compiled.values()) functions.dispose();
