import { link, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';

import { createRandom } from '../../src/data/dataset/random.js';

/** What to generate. */
export interface Photographs {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** How often each file appears in the folder, as hard links. Default: 1. */
  readonly copies?: number;
}

const classes = 10;

/** Writes JPEGs that take as long to decode as photographs: soft shapes with a camera's grain, in ten class folders. */
export async function generatePhotographs(folder: string, options: Photographs): Promise<void> {
  const { count, width, height, copies = 1 } = options;
  const random = createRandom(1);
  const grain = Float32Array.from({ length: width * height * 4 }, () => (random() - 0.5) * 24);
  for (let label = 0; label < classes; label += 1) await mkdir(path.join(folder, String(label)), { recursive: true });
  for (let i = 0; i < count; i += 1) {
    const file = (copy: number) => path.join(folder, String(i % classes), `${i}-${copy}.jpg`);
    const pixels = await softShapes(width, height, random);
    const offset = Math.floor(random() * width * height);
    pixels.forEach((value, at) => (pixels[at] = value + (grain[offset + at] ?? 0)));
    const jpeg = sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg({ quality: 90 });
    await writeFile(file(0), await jpeg.toBuffer());
    for (let copy = 1; copy < copies; copy += 1) await link(file(0), file(copy));
  }
}

/** Values from 16 to 240, so that the grain stays within the range. */
async function softShapes(width: number, height: number, random: () => number): Promise<Uint8Array> {
  const small = Uint8Array.from({ length: 20 * 15 * 3 }, () => 40 + random() * 176);
  return sharp(small, { raw: { width: 20, height: 15, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'mitchell' })
    .raw()
    .toBuffer();
}
