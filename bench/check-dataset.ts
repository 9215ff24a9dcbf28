import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import sharp, { type Sharp } from 'sharp';

import { openEmbedder } from '../src/commands/check-dataset/open-embedder.js';
import { createRandom, deriveSeed, type Random, shuffled } from '../src/data/dataset/random.js';
import type { ImageFile } from '../src/data/image-file/inspect-image-file.js';
import { inspectImageFile } from '../src/data/image-file/inspect-image-file.js';
import type { ImageScan } from '../src/data/scan/image-scan.js';
import { scanImageDirectory } from '../src/data/scan/scan-image-directory.js';
import { type CheckedImages, checkedImages } from '../src/evaluation/data-check/checked-images.js';
import { embedImages, type ImageFeatures } from '../src/evaluation/data-check/embed-images.js';
import { heldOutProbabilities, suspectedLabels } from '../src/evaluation/data-check/label-errors.js';
import { lookAtPictures } from '../src/evaluation/data-check/look-at-pictures.js';
import { findNearDuplicates } from '../src/evaluation/data-check/near-duplicates.js';
import { nearestNeighbours } from '../src/evaluation/data-check/nearest-neighbours.js';

/**
 * `npm run bench:check-dataset -- --train FOLDER`: what check-dataset finds on photographs where the truth is known. 64 of them, drawn by `--seed`,
 * are saved again in five ways as a test set; then 5 % of the labels are flipped, by three seeds. Prints the findings, pairs that were not planted
 * (look at them), and the time of each part, including processor time, which says more on a busy machine.
 */
const { values } = parseArgs({ options: { train: { type: 'string' }, seed: { type: 'string', default: '7' } } });
if (values.train === undefined)
  throw new Error('Give the folder of photographs, a folder per class: -- --train FOLDER');
const seed = Number(values.seed);

const training = await scanImageDirectory(values.train);
const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
try {
  const planted = await plant(training, folder);
  const test: ImageScan = { ...training, directory: folder, files: planted.map(({ file }) => file) };
  const checked = checkedImages(training, test);
  const opened = await openEmbedder({ features: true, modelPath: undefined }, training.files);
  if (!opened) throw new Error('The weights of EfficientNet-Lite0 cannot be had.');
  const files = checked.images.map(({ file }) => file);
  const { features } = await timed('features', () => embedImages(opened.embedder, files));
  opened.embedder.dispose();
  await benchDuplicates(checked, features, planted);
  await benchLabels(training, { ...features, values: features.values.slice(0, training.files.length * features.size) });
} finally {
  await rm(folder, { recursive: true });
}

type Variant = 'JPEG quality 40' | 'half size' | 'flip' | 'brightness' | '90 % crop';

interface Planted {
  /** Position of the original. */
  readonly original: number;
  readonly variant: Variant;
  readonly file: ImageFile;
}

/** Saves 64 images again in five ways. */
async function plant({ files }: ImageScan, into: string): Promise<Planted[]> {
  const random = createRandom(seed);
  const planted: Planted[] = [];
  for (const original of shuffled([...files.keys()], random).slice(0, 64)) {
    const source = files[original];
    if (!source) continue;
    for (const [variant, made] of Object.entries(await variantsOf(source, random)) as [Variant, Sharp][]) {
      const file = path.join(into, `${original}-${variant.replaceAll(' ', '-')}.jpg`);
      await mkdir(into, { recursive: true });
      await made.toFile(file);
      const found = await inspectImageFile(file, source.label);
      if ('format' in found) planted.push({ original, variant, file: found });
    }
  }
  return planted;
}

async function variantsOf(source: ImageFile, random: Random): Promise<Record<Variant, Sharp>> {
  const upright = await sharp(source.path).rotate().png().toBuffer({ resolveWithObject: true });
  const { width, height } = upright.info;
  const open = () => sharp(upright.data);
  const size = { width: Math.round(0.9 * width), height: Math.round(0.9 * height) };
  const place = { left: Math.floor(random() * (width - size.width)), top: Math.floor(random() * (height - size.height)) }; // prettier-ignore
  return {
    'JPEG quality 40': open().jpeg({ quality: 40 }),
    'half size': open()
      .resize(Math.round(width / 2))
      .jpeg({ quality: 90 }),
    flip: open().flop().jpeg({ quality: 90 }),
    brightness: open().modulate({ brightness: 1.25 }).jpeg({ quality: 90 }),
    '90 % crop': open().extract({ ...place, ...size }).jpeg({ quality: 90 }), // prettier-ignore
  };
}

async function benchDuplicates(
  { images }: CheckedImages,
  features: ImageFeatures,
  planted: readonly Planted[],
): Promise<void> {
  const looks = await timed('looking at pictures', () => lookAtPictures(images.map(({ file }) => file)));
  const neighbours = await timed('nearest neighbours', () => nearestNeighbours(features, { count: 10 }));
  const pairs = await timed('comparing pictures', () =>
    findNearDuplicates({ images, looks, neighbours, sameBytes: [], exif: 'apply' }),
  );
  const begin = images.length - planted.length;
  const found = new Set(pairs.map((pair) => pair.images.join(' ')));
  for (const variant of new Set(planted.map((each) => each.variant))) {
    const own = planted.map((each, i) => ({ ...each, i })).filter((each) => each.variant === variant);
    const right = own.filter(({ original, i }) => found.has(`${original} ${begin + i}`)).length;
    console.log(`${variant.padEnd(24)} ${right} of ${own.length} found`);
  }
  const originalOf = (image: number) => (image < begin ? image : planted[image - begin]?.original);
  const others = pairs.filter(({ images: [one, other] }) => originalOf(one) !== originalOf(other));
  console.log(`pairs that were not planted: ${others.length}`);
  for (const { images: pair, kind, similarity } of others) {
    console.log(`  ${pair.map((image) => images[image]?.file.path).join(' = ')} (${kind}, ${similarity.toFixed(3)})`);
  }
}

/** Flips 5 % of the labels, and reports how many of them are at the top of the list. */
async function benchLabels(scan: ImageScan, features: ImageFeatures): Promise<void> {
  for (const flipSeed of [1, 2, 3]) {
    const random = createRandom(deriveSeed(flipSeed, 'flipped labels'));
    const flipped = new Set(shuffled([...scan.files.keys()], random).slice(0, Math.round(0.05 * scan.files.length)));
    const classes = scan.classNames.length;
    const other = (label: number) => (label + 1 + Math.floor(random() * (classes - 1))) % classes;
    const files = scan.files.map((file, i) => (flipped.has(i) ? { ...file, label: other(file.label) } : file));
    const checked = checkedImages({ ...scan, files }, null);
    const probabilities = await timed('checking labels', () => heldOutProbabilities(checked, features));
    const suspects = suspectedLabels(checked, probabilities);
    const among = (first: number) => {
      const part = suspects.slice(0, first).filter(({ image }) => flipped.has(image)).length / flipped.size;
      return `${(100 * part).toFixed(1)} %`;
    };
    const n = flipped.size;
    console.log(`${n} labels flipped, seed ${flipSeed}: ${among(n)} of them among the first ${n}, ${among(2 * n)} among the first ${2 * n}`); // prettier-ignore
  }
}

async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;
  console.log(`${what.padEnd(24)} ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processors`);
  return result;
}
