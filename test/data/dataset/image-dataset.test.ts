import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { type ImageBatch, ImageDataset, type ImageDatasetOptions } from '../../../src/data/dataset/image-dataset.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { transcodeImage } from '../../../src/data/image-file/transcode-image.js';
import { decodeAndResize } from '../../../src/ops/decode-and-resize.js';
import { stringScalar } from '../../../src/ops/strings.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { image, pngClaiming, temporaryDirectory, writeFiles } from '../samples.js';

const imageSize = [12, 10] as const;

/** The pixels of each image, and what was made of its file by the function that is exported. */
interface Image {
  readonly label: number;
  readonly pixels: string;
}

let directory: string;

beforeEach(async () => {
  directory = temporaryDirectory();
  const [png, jpeg, gif, gray, rgba, grayJpeg] = (await encodedImages()) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const more = await Promise.all([31, 32, 33].map((width) => image(width, 20).jpeg().toBuffer()));
  writeFiles(directory, {
    'a/1.png': png,
    'a/2.jpg': jpeg,
    'a/3.gif': gif,
    'a/4.png': gray,
    'b/1.png': rgba,
    'b/2.jpg': grayJpeg,
    ...{ 'b/3.webp': await image(30, 20).webp({ lossless: true }).toBuffer(), 'b/4.jpg': more[0] ?? '' },
    'b/5.jpg': more[1] ?? '',
    'b/6.jpg': more[2] ?? '',
  });
});

async function dataset(options: Partial<ImageDatasetOptions> = {}): Promise<ImageDataset> {
  const scan = await scanImageDirectory(directory);
  expect(scan.problems).toEqual([]);
  const made = await ImageDataset.create(scan, { imageSize, batchSize: 3, cacheMebibytes: 0, ...options });
  onTestFinished(() => made.dispose());
  return made;
}

function imagesOf({ xs, ys }: ImageBatch): Image[] {
  const [pixels, labels] = [xs.arraySync(), (ys as tf.Tensor1D).arraySync()];
  tf.dispose([xs, ys]);
  return labels.map((label, i) => ({ label, pixels: JSON.stringify(pixels[i]) }));
}

/** What an epoch gives that is over. */
function none(): ImageBatch {
  return { xs: tf.zeros([0, 1, 1, 3]), ys: tf.tensor1d([], 'int32') };
}

async function epoch(of: ImageDataset): Promise<Image[]> {
  const images: Image[] = [];
  for await (const batch of of.batches()) images.push(...imagesOf(batch));
  return images;
}

/** What `serving_bytes` makes of the files, sorted by path. */
async function expected(without: readonly string[] = []): Promise<Image[]> {
  const { files } = await scanImageDirectory(directory);
  const all: Image[] = [];
  for (const file of files.filter((each) => !without.some((name) => each.path.endsWith(name)))) {
    const bytes = readFileSync(file.path);
    const [pixels] = tf.tidy(() => decodeAndResize(stringScalar(bytes), imageSize).arraySync());
    all.push({ label: file.label, pixels: JSON.stringify(pixels) });
  }
  return all;
}

const sorted = (images: readonly Image[]) => images.map((each) => JSON.stringify(each)).sort();

describe('ImageDataset', () => {
  it.each([0, 1, 4, 100])(
    'gives the pixels that serving_bytes decodes, in the order of the files, %i ahead',
    async (prefetch) => {
      const webp = path.join(directory, 'b/3.webp');
      const ordered = await dataset({ shuffle: false, prefetch });
      const images = await epoch(ordered);
      writeFileSync(webp, await transcodeImage(readFileSync(webp)));
      expect(images).toEqual(await expected());
      expect(ordered.size).toBe(4);
    },
  );

  it('has an order of its own in every epoch, which the seed and the epoch determine', async () => {
    const [one, same, other] = [await dataset({ seed: 1 }), await dataset({ seed: 1 }), await dataset({ seed: 2 })];
    const [first, second, third] = [await epoch(one), await epoch(one), await epoch(one)];
    expect(sorted(second)).toEqual(sorted(first));
    expect(second).not.toEqual(first);
    expect(await epoch(same)).toEqual(first);
    expect(await epoch(other)).not.toEqual(first);
    same.startAtEpoch(2);
    expect(await epoch(same)).toEqual(third);
  });

  it('gives from memory what it decoded', async () => {
    const cached = await dataset({ cacheMebibytes: 1 });
    const first = await epoch(cached);
    rmSync(directory, { recursive: true });
    cached.startAtEpoch(0);
    expect(await epoch(cached)).toEqual(first);
  });

  it('decodes the rest when an epoch that filled the cache was not finished', async () => {
    const [cached, whole] = [await dataset({ cacheMebibytes: 1 }), await dataset()];
    for await (const batch of cached.batches()) {
      tf.dispose([batch.xs, batch.ys]);
      break;
    }
    whole.startAtEpoch(1);
    expect(await epoch(cached)).toEqual(await epoch(whole));
  });

  it('may be read by two at once', async () => {
    const both = await dataset({ shuffle: false });
    const [first, second] = [both.batches(), both.batches()];
    const images: Image[][] = [[], []];
    for (let i = 0; i < 4; i += 1) {
      for (const [j, each] of [first, second].entries()) {
        const { value } = (await each.next()) as { value: ImageBatch };
        images[j]?.push(...imagesOf(value));
      }
    }
    expect(images[0]).toEqual(await epoch(both));
    expect(images[1]).toEqual(images[0]);
  });

  it('leaves no tensor behind, whether an epoch is finished or not', async () => {
    const some = await dataset();
    const before = tf.memory().numTensors;
    await epoch(some);
    const { value } = (await some.batches().next()) as { value: ImageBatch };
    imagesOf(value);
    await epoch(some);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives timers their turn between batches', async () => {
    let turns = 0;
    const some = await dataset({ cacheMebibytes: 1 });
    await epoch(some);
    for await (const { xs, ys } of some.batches()) {
      tf.dispose([xs, ys]);
      setImmediate(() => (turns += 1));
    }
    // The last one's comes after the loop.
    expect(turns).toBe(3);
  });

  it('may be disposed of while batches are decoded', async () => {
    const some = await ImageDataset.create(await scanImageDirectory(directory), {
      imageSize,
      batchSize: 2,
      cacheMebibytes: 0,
    });
    const { value } = (await some.batches().next()) as { value: ImageBatch };
    some.dispose();
    expect(imagesOf(value)).toHaveLength(2);
  });

  it('decodes with what another has left, and with nothing that was left within an epoch', async () => {
    const whole = await epoch(await dataset({ shuffle: false }));
    for (const batches of [9, 1]) {
      const other = await dataset({ shuffle: false });
      const begun = other.batches();
      for (let i = 0; i < batches; i += 1) imagesOf(((await begun.next()).value as ImageBatch | undefined) ?? none());
      other.dispose();
      other.dispose();
      const late = await other.startDecoding([]);
      await expect(late.finish()).rejects.toThrow('What decodes the images has been disposed of.');
      const next = [await dataset({ shuffle: false }), await dataset({ shuffle: false })];
      expect(await Promise.all(next.map((each) => epoch(each)))).toEqual([whole, whole]);
      next.forEach((each) => each.dispose());
    }
  });

  it('refuses a number of batches ahead that is none', async () => {
    await expect(dataset({ prefetch: -1 })).rejects.toThrow(
      'prefetch is a whole number of batches from 0. Received: -1.',
    );
  });
});

describe('an image that does not decode', () => {
  /** Looks like a PNG to the scan: there are only too few pixels. */
  function corrupt(name: string): string {
    const file = path.join(directory, name);
    writeFileSync(file, pngClaiming(60, 80));
    return file;
  }

  it('ends the epoch with an error that names it', async () => {
    corrupt('b/1.png');
    const some = await dataset({ shuffle: false });
    await expect(epoch(some)).rejects.toThrow(/b\/1\.png.*does not decode.*--on-bad-image skip/s);
    await expect(epoch(some)).rejects.toMatchObject({ code: 'BAD_IMAGE' });
  });

  it('is left out, and the others come in their order', async () => {
    const file = corrupt('b/1.png');
    const some = await dataset({ shuffle: false, onBadImage: 'skip' });
    const images = await epoch(some);
    expect(some.skipped.map((problem) => problem.path)).toEqual([file]);
    expect(some.imageCount).toBe(9);
    rmSync(file);
    expect(images).toEqual(await epoch(await dataset({ shuffle: false })));
    expect(await epoch(some)).toEqual(images);
    expect(some.skipped).toHaveLength(1);
  });

  it('is left out though it has vanished, or is the only one of its batch', async () => {
    const some = await dataset({ shuffle: false, onBadImage: 'skip', batchSize: 1 });
    rmSync(path.join(directory, 'a/2.jpg'));
    rmSync(path.join(directory, 'b/3.webp'));
    expect(await epoch(some)).toEqual(await expected());
    expect(some.skipped.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable']);
  });
});
