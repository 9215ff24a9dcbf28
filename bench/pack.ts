import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

import sharp from 'sharp';

import { createRandom } from '../src/data/dataset/random.js';
import { packImages } from '../src/data/shards/pack-images.js';
import { folderSource } from '../src/data/source/dataset-source.js';
import { sizeText } from '../src/text/amounts.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:pack [-- --images 20000 --size 64 --rounds 3]`: packs generated images as TFRecord and as tar, then trains LeNet for an epoch from
 * the folder, the TFRecords and the tars, each time in a new process; the three take turns. The table has the best of the rounds: seconds until the
 * first batch may begin (scan and duplicates), in a first run and in a second one, images per second of the epoch, its processor time per image, and
 * peak MiB in addition to those of a process that has only loaded TensorFlow. `--keep FOLDER` makes the images in that folder and leaves them there.
 */
const [, , command, ...args] = process.argv;
if (command === 'epoch') await epoch(args[0] ?? '');
else await compare();

interface Measured {
  readonly scan: number;
  readonly imagesPerSecond: number;
  /** Processor time of the epoch, in microseconds per image. */
  readonly cpu: number;
  readonly mebibytes: number;
  readonly loss: number;
}

async function compare(): Promise<void> {
  const [images, size, rounds] = [numberFlag('images', 20_000), numberFlag('size', 64), numberFlag('rounds', 3)];
  const keep = process.argv.indexOf('--keep') + 1;
  const base = keep > 0 ? (process.argv[keep] ?? '') : mkdtempSync(join(tmpdir(), 'signet-pack-'));
  try {
    const folder = join(base, 'folder');
    const bytes = await generate(folder, images, size);
    console.log(`${images} images of ${size} x ${size}, ${sizeText(bytes / images)} each`);
    const scan = await folderSource(folder).scan();
    for (const container of ['tfrecord', 'webdataset'] as const) {
      const started = performance.now();
      const { index } = await packImages(scan, join(base, container), { container, seed: 1, shardMebibytes: 64, resize: null, onBadImage: 'fail' }); // prettier-ignore
      const seconds = (performance.now() - started) / 1000;
      const all = index.shards.reduce((sum, shard) => sum + shard.bytes, 0);
      console.log(`packed as ${container}: ${(images / seconds).toFixed(0)} images/s, ${index.shards.length} shards, ${sizeText(all)}`); // prettier-ignore
    }
    // Files that changed within the last seconds are not remembered.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const kinds = ['folder', 'tfrecord', 'webdataset'];
    const first = new Map(kinds.map((kind) => [kind, run(base, kind)]));
    const later = new Map(kinds.map((kind) => [kind, [] as Measured[]]));
    for (let round = 0; round < rounds; round += 1) for (const kind of kinds) later.get(kind)?.push(run(base, kind));
    console.log(
      ['', 'first scan s', 'scan s', 'images/s', 'cpu us/image', 'MiB', 'loss']
        .map((title) => title.padEnd(13))
        .join(''),
    );
    for (const kind of kinds) {
      const all = later.get(kind) ?? [];
      const [scans, speeds, sizes] = [all.map((each) => each.scan), all.map((each) => each.imagesPerSecond), all.map((each) => each.mebibytes)]; // prettier-ignore
      const cpu = Math.min(...all.map((each) => each.cpu));
      const cells = [kind, first.get(kind)?.scan.toFixed(2), Math.min(...scans).toFixed(2), Math.max(...speeds).toFixed(0), cpu.toFixed(0), Math.min(...sizes).toFixed(0), String(all[0]?.loss)]; // prettier-ignore
      console.log(cells.map((cell = '') => cell.padEnd(13)).join(''));
    }
  } finally {
    if (keep === 0) rmSync(base, { recursive: true, force: true });
  }
}

function run(base: string, kind: string): Measured {
  const program = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, [...process.execArgv, program, 'epoch', join(base, kind)], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as Measured;
}

async function epoch(directory: string): Promise<void> {
  const [
    { accuracy, Adam, fit, ImageDataset, LenetModel, scanMemoryPlace, sparseCategoricalCrossentropy },
    { findDuplicates },
  ] = await Promise.all([import('../src/index.js'), import('../src/data/scan/find-duplicates.js')]);
  const before = process.resourceUsage().maxRSS;
  let started = performance.now();
  const scan = await folderSource(directory).scan({ memory: await scanMemoryPlace(directory) });
  await findDuplicates(scan, null);
  const scanned = (performance.now() - started) / 1000;
  const model = new LenetModel({ classNames: scan.classNames, seed: 1 });
  model.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
  const dataset = await ImageDataset.create(scan, { batchSize: 32, seed: 1, cacheMebibytes: 0 });
  started = performance.now();
  const busy = process.cpuUsage();
  const { history } = await fit(model, dataset, { epochs: 1, jit: 'graph' });
  const imagesPerSecond = scan.files.length / ((performance.now() - started) / 1000);
  const { user, system } = process.cpuUsage(busy);
  const cpu = (user + system) / scan.files.length;
  const mebibytes = (process.resourceUsage().maxRSS - before) / 1024;
  console.log(JSON.stringify({ scan: scanned, imagesPerSecond, cpu, mebibytes, loss: Number(history.loss?.[0]) }));
  dataset.dispose();
}

/** Writes JPEGs of 500 pictures, each with a different comment, so that no two have the same bytes. @returns Their total size. */
async function generate(data: string, images: number, size: number): Promise<number> {
  const random = createRandom(1);
  const jpegs: Buffer[] = [];
  for (let i = 0; i < Math.min(images, 500); i += 1) {
    const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, () => random() * 256);
    jpegs.push(await sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } }).resize(size, size, { kernel: 'mitchell' }).jpeg({ quality: 90 }).toBuffer()); // prettier-ignore
  }
  let bytes = 0;
  for (let label = 0; label < 10; label += 1) mkdirSync(join(data, `class-${label}`), { recursive: true });
  for (let i = 0; i < images; i += 1) {
    const jpeg = withComment(jpegs[i % jpegs.length] ?? Buffer.alloc(0), i);
    bytes += jpeg.length;
    writeFileSync(join(data, `class-${i % 10}`, `photograph-${String(i).padStart(7, '0')}.jpg`), jpeg);
  }
  return bytes;
}

function withComment(jpeg: Buffer, number: number): Buffer {
  const text = Buffer.from(`${number} ${crc32(String(number))}`);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, 0xfe, 0, text.length + 2), text, jpeg.subarray(2)]);
}
