import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

import sharp, { type Sharp } from 'sharp';
import { onTestFinished } from 'vitest';

/** A fresh directory, removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'signet-data-'));
  // A hook of this module would belong to the first file of a process alone.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files by their path below `directory`, making directories on the way. */
export function writeFiles(directory: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

/** A name with a byte that is not valid UTF-8 in it, as a path to write to. */
export function latin1Path(directory: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);
}

/** A noisy image, so that its file is not tiny. */
export function image(width = 60, height = 40, channels: 3 | 4 = 3): Sharp {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { width, height, channels, background: { r: 0, g: 0, b: 0, alpha: 0.5 }, noise } });
}

export const jpeg = await image().jpeg().toBuffer();
export const png = await image().png().toBuffer();
export const gif = await image().gif().toBuffer();
export const webp = await image().webp().toBuffer();
export const avif = await image().avif().toBuffer();
export const tiff = await image().tiff({ compression: 'lzw' }).toBuffer();

/** A valid PNG header that claims any size, with the pixels of another. */
export function pngClaiming(width: number, height: number): Buffer {
  const bytes = Buffer.from(png);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

export interface BmpOptions {
  readonly width?: number;
  readonly height?: number;
  readonly bits?: number;
  readonly compression?: number;
  /** What stands between header and pixels: masks or a palette. */
  readonly extra?: Buffer;
}

/** A BMP as Windows writes it, 3 pixels by 2 unless told otherwise. */
export function bmp({ width = 3, height = 2, bits = 24, compression = 0, extra }: BmpOptions = {}): Buffer {
  const between = extra ?? Buffer.alloc(0);
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54 + between.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  return Buffer.concat([header, between, Buffer.alloc(Math.max(rowBytes * Math.abs(height), 0), 7)]);
}

/** 256 colours of four bytes, each made by `color`. */
export function palette(color: (position: number) => [number, number, number]): Buffer {
  return Buffer.from(Array.from({ length: 256 }, (_, position) => [...color(position), 0]).flat());
}

/** A GIF of one green pixel a frame, which claims these sizes. */
export function gifClaiming(canvas: [number, number], frames: readonly [number, number][]): Buffer {
  const size = ([width, height]: readonly [number, number]) => [width & 255, width >> 8, height & 255, height >> 8];
  const screen = [...Buffer.from('GIF89a'), ...size(canvas), 0x80, 0, 0, 0, 0, 0, 0, 255, 0];
  const blocks = frames.map((frame) => [0x2c, 0, 0, 0, 0, ...size(frame), 0, 2, 2, 0x4c, 0x01, 0]);
  return Buffer.from([...screen, ...blocks.flat(), 0x3b]);
}
