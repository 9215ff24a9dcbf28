import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { packImages, type PackImagesOptions } from '../../../src/data/shards/pack-images.js';
import { findShards } from '../../../src/data/shards/find-shards.js';
import { scanShards, type ScanShardsOptions } from '../../../src/data/shards/scan-shards.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { copyDigits } from '../../helpers/data/small-digits.js';

/** Options of a packing of small digits: two images, about, are a shard. */
export function packingOptions(given: Partial<PackImagesOptions> = {}): PackImagesOptions {
  return { container: 'tfrecord', seed: 1, shardMebibytes: 0.001, resize: null, onBadImage: 'fail', ...given };
}

/** Packs some digits into `packed`, in a folder. */
export async function packDigits(folder: string, given: Partial<PackImagesOptions> = {}) {
  const { train } = copyDigits(folder, { classes: 2, images: 5 });
  const scan = await scanImageDirectory(train);
  const packed = path.join(folder, 'packed');
  return { train, scan, packed, ...(await packImages(scan, packed, packingOptions(given))) };
}

/** Scans what must be shards. */
export async function scanPacked(name: string, options?: ScanShardsOptions): Promise<ImageScan> {
  const set = await findShards(name);
  if (!set) throw new Error(`${name} holds no shards`);
  return scanShards(set, options);
}

/** Changes bytes of a file. */
export function changeBytes(file: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(file, change(readFileSync(file)));
}

/** The problems of a scan as lines, without the folder. */
export function problemLines({ problems }: ImageScan, folder: string): string[] {
  return problems.map(({ path: file, kind, message }) => `${file} ${kind}: ${message}`.replaceAll(`${folder}/`, ''));
}

/** The same lines without sizes and places: noisy images are as large as chance has it. */
export function withoutSizes(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(/\d{3,}(?= (?:bytes|are))|(?<=byte )\d+/g, 'N'));
}

/** The message that something fails with; empty where it does not. */
export async function messageOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
