import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readExifOrientation } from '../../src/data/image-file/exif-orientation.js';
import { decodeImage } from '../../src/ops/decode-image.js';
import { exifOrientation } from '../../src/ops/exif-orientation.js';
import { stringScalar } from '../../src/ops/strings.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import {
  damagedExifFiles,
  exifFiles,
  exifSegment,
  tiffWith,
  withExifChunk,
  withSegments,
} from '../helpers/data/exif-files.js';
import { mulberry32 } from '../helpers/data/mulberry32.js';
import { mutated } from '../helpers/data/mutate.js';

const [width, height] = [5, 3];
const rgb = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 53) % 256));
const picture = () => sharp(rgb, { raw: { width, height, channels: 3 } });
const [jpeg, png] = await Promise.all([picture().jpeg({ quality: 95 }).toBuffer(), picture().png().toBuffer()]);

const inputSignature = { bytes: tensorSpec('string', []) };
const functions = {
  decode: tfFunction((bytes: tf.Tensor) => decodeImage(bytes, { exif: 'apply' }), { inputSignature }),
  jpeg: tfFunction((bytes: tf.Tensor) => exifOrientation(bytes, tf.scalar(true, 'bool')), { inputSignature }),
  png: tfFunction((bytes: tf.Tensor) => exifOrientation(bytes, tf.scalar(false, 'bool')), { inputSignature }),
};
let compiled: CompiledFunctions;
beforeAll(async () => {
  const graphs = Object.entries(functions).map(([name, fn]) => [name, fn.getConcreteFunction()] as const);
  compiled = await CompiledFunctions.compile(Object.fromEntries(graphs));
});
afterAll(() => compiled.dispose());

function call(name: keyof typeof functions, file: Buffer): tf.Tensor {
  const bytes = stringScalar(file);
  const { output_0: result } = compiled.call(name, [bytes]);
  bytes.dispose();
  if (!result) throw new Error('no result');
  return result;
}

/** What a picture is with its stored pixels turned by sharp, which has code of its own for it. */
async function turned(file: Buffer, orientation: number): Promise<Buffer> {
  const stored = await sharp(file).withExif({}).raw().toBuffer();
  const tagged = await sharp(stored, { raw: { width, height, channels: 3 } }).png().withMetadata({ orientation }).toBuffer(); // prettier-ignore
  return sharp(tagged).autoOrient().raw().toBuffer();
}

describe('exifOrientation', () => {
  it.each(exifFiles(jpeg, png))('turns pictures upright, eager, in a graph and for the scan: %s', async (_, file, orientation) => {
    const container = file[0] === 0xff ? 'jpeg' : 'png';
    expect(readExifOrientation(file, container)).toBe(orientation);
    const expected = await turned(file, orientation);
    for (const image of [call('decode', file), decodeImage(stringScalar(file), { exif: 'apply' })]) {
      expect(image.shape).toEqual(orientation < 5 ? [height, width, 3] : [width, height, 3]);
      expect(Buffer.from(image.dataSync())).toEqual(expected);
    }
  }); // prettier-ignore

  it.each(damagedExifFiles(jpeg, png))('leaves alone what is damaged: %s', (_, file) => {
    const container = file[0] === 0xff ? 'jpeg' : 'png';
    expect(readExifOrientation(file, container)).toBe(1);
    const image = call('decode', file);
    expect(Buffer.from(image.dataSync())).toEqual(Buffer.from(decodeImage(stringScalar(file)).dataSync()));
  });

  it('is the same in the graph as for the scan, whatever is damaged', () => {
    const random = mulberry32(3);
    const seeds = { jpeg: withSegments(jpeg, exifSegment(tiffWith(6))), png: withExifChunk(png, tiffWith(8, { order: 'MM' })) };
    const found = new Set<number>();
    for (const [container, seed] of Object.entries(seeds) as ['jpeg' | 'png', Buffer][]) {
      for (let i = 0; i < 250; i += 1) {
        const file = mutated(seed, random, [0, 10, 24, 36]);
        const inGraph = call(container, file).dataSync()[0];
        expect([inGraph, file.toString('hex')]).toEqual([readExifOrientation(file, container), file.toString('hex')]);
        found.add(inGraph ?? 0);
      }
    }
    // Some survive, others do not.
    expect([...found]).toEqual(expect.arrayContaining([1, 6, 8]));
  }); // prettier-ignore

  it('is not looked for in other formats, nor unless it is asked for', async () => {
    const gif = Buffer.concat([await picture().gif().toBuffer(), Buffer.from('eXIf'), tiffWith(6)]);
    expect(call('decode', gif).shape).toEqual([height, width, 3]);
    const file = withSegments(jpeg, exifSegment(tiffWith(6)));
    expect(decodeImage(stringScalar(file)).shape).toEqual([height, width, 3]);
  });
});
