import { ImageFault } from './image-problem.js';

/** Frames and sizes of a GIF as TensorFlow decodes it. */
export interface GifHeader {
  /** Width and height that TensorFlow gives the image: the largest of all frames, whatever the header says. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Pixels of all frames together: TensorFlow decodes all of them, one byte per pixel, to keep the first. */
  readonly totalPixels: number;
}

const trailer = 0x3b;
const extension = 0x21;
const frame = 0x2c;

/**
 * Measures a GIF by its frames, as TensorFlow does (gif_io.cc); sharp looks at the first frame only, and so would let a
 * 4x4 image pass whose second frame claims 65535x65535.
 *
 * @param bytes The whole file.
 * @throws ImageFault `corrupt` unless at least one frame is complete; TensorFlow requires no more.
 */
export function readGifHeader(bytes: Uint8Array): GifHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sizes: [number, number][] = [];
  let complete = 0;
  let at = 13 + colorTableBytes(bytes[10]);
  while (at < bytes.length && bytes[at] !== trailer) {
    const isFrame = bytes[at] === frame;
    if (!isFrame && bytes[at] !== extension) break;
    if (isFrame && at + 10 > bytes.length) break;
    if (isFrame) sizes.push([view.getUint16(at + 5, true), view.getUint16(at + 7, true)]);
    at = afterSubBlocks(bytes, isFrame ? at + 11 + colorTableBytes(bytes[at + 9]) : at + 2);
    if (isFrame && at <= bytes.length) complete++;
  }
  if (complete === 0) throw new ImageFault('corrupt', 'has no complete frame');
  return {
    // A file may have more frames than a call may have arguments.
    width: sizes.reduce((most, [width]) => Math.max(most, width), 0),
    height: sizes.reduce((most, [, height]) => Math.max(most, height), 0),
    frames: complete,
    totalPixels: sizes.reduce((sum, [width, height]) => sum + width * height, 0),
  };
}

/** Length of the colour table that a byte of flags announces. */
function colorTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** End of a chain of blocks, each with its length in front, the last one empty; beyond the end of the file if it is cut off. */
function afterSubBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined) return Infinity;
    at += 1 + length;
  }
  return at + 1;
}
