import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';

import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';

import { inspectImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import { thumbnail } from '../../../src/evaluation/report/thumbnail.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { avif, bmp, gif, image, jpeg, png, tiff, webp } from '../../data/samples.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

let folder: string;
beforeEach(async () => (folder = await temporaryFolder()));

async function scanned(bytes: Uint8Array, name = 'image') {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  const found = await inspectImageFile(file, 0);
  if ('kind' in found) throw new Error(found.message);
  return found;
}

async function decoded(url = '') {
  const [, format, base64 = ''] = /^data:image\/(png|webp);base64,([\w+/=]+)$/.exec(url) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { ...info, format, data, metadata: await sharp(bytes).metadata() };
}

describe('thumbnail', () => {
  it.each(Object.entries({ jpeg, png, gif, webp, avif, tiff, bmp: bmp({ width: 60, height: 40 }) }))(
    'shows an image as it is where it is small: %s',
    async (_, bytes) => {
      const before = tf.memory().numTensors;
      const made = await thumbnail(await scanned(bytes));
      expect(made).toMatchObject({ width: 60, height: 40 });
      expect(await decoded(made?.url)).toMatchObject({ format: 'png', width: 60, height: 40, channels: 3 });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('keeps every pixel of a small image', async () => {
    const { data } = await decoded((await thumbnail(await scanned(png)))?.url);
    expect(data.equals(await sharp(png).raw().toBuffer())).toBe(true);
  });

  it('is the very file where that is a small PNG with nothing but its pixels', async () => {
    const bytes = await sharp({ create: { width: 9, height: 7, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const plain = Buffer.concat([bytes.subarray(0, 33), bytes.subarray(bytes.indexOf('IDAT') - 4)]);
    const url = `data:image/png;base64,${plain.toString('base64')}`;
    expect(await thumbnail(await scanned(plain))).toEqual({ url, width: 9, height: 7 });
    const said = Buffer.from('tEXtComment\0secret', 'latin1');
    const text = Buffer.concat([Buffer.alloc(4), said, Buffer.alloc(4)]);
    text.writeUInt32BE(said.length - 4);
    text.writeUInt32BE(crc32(said), text.length - 4);
    const talking = Buffer.concat([plain.subarray(0, -12), text, plain.subarray(-12)]);
    const made = await thumbnail(await scanned(talking, 'talking'));
    expect(made).toMatchObject({ width: 9, height: 7 });
    expect(Buffer.from(made?.url.split(',')[1] ?? '', 'base64').includes('secret')).toBe(false);
  });

  it('shrinks a large one, in a few kilobytes', async () => {
    const made = await thumbnail(await scanned(await image(3000, 2000).jpeg().toBuffer()));
    expect(made).toMatchObject({ width: 256, height: 171 });
    expect((await decoded(made?.url)).format).toBe('webp');
    expect(made?.url.length).toBeLessThan(50_000);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('shows what the model sees: turned by orientation %i, unless it is ignored', async (orientation) => {
    const turned = await image(60, 40).withMetadata({ orientation }).png().toBuffer();
    const file = await scanned(turned, `turned ${orientation}`);
    const { data, metadata } = await decoded((await thumbnail(file))?.url);
    expect(data.equals(await sharp(turned).autoOrient().raw().toBuffer())).toBe(true);
    expect(metadata.exif).toBeUndefined();
    const stored = await decoded((await thumbnail(file, 'ignore'))?.url);
    expect(stored.data.equals(await sharp(turned).raw().toBuffer())).toBe(true);
  }); // prettier-ignore

  it('shows it without transparency', async () => {
    const clear = await scanned(await image(60, 40, 4).png().toBuffer(), 'clear');
    expect((await decoded((await thumbnail(clear))?.url)).channels).toBe(3);
  });

  it('is nothing for a file that has gone, became another or is broken', async () => {
    const gone = await scanned(png, 'gone');
    await rm(gone.path);
    expect(await thumbnail(gone)).toBeNull();
    const other = await scanned(png, 'other');
    await writeFile(other.path, '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"/>');
    expect(await thumbnail(other)).toBeNull();
    const broken = await scanned(png, 'broken');
    await writeFile(broken.path, Buffer.concat([png.subarray(0, 60), Buffer.alloc(200)]));
    const made = await thumbnail(broken);
    expect(made === null || made.url.startsWith('data:image/')).toBe(true);
  });
});
