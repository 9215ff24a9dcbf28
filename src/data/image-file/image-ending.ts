import type { ImageFormat } from './image-format.js';

const startOfScan = 0xffda;
const endOfJpeg = Buffer.from([0xff, 0xd9]);
const endOfPng = Buffer.from('\0\0\0\0IEND\xaeB`\x82', 'latin1');

/** Number of a file's last bytes that `endsAsUsual` needs. */
export const endingBytes = 12;

/**
 * Whether the last bytes show that nothing is missing; if not, `hasEnding` has to look at the whole file. A GIF, BMP, WebP or TIFF that is cut off is
 * found by its header.
 */
export function endsAsUsual(format: ImageFormat, ending: Buffer): boolean {
  if (format === 'jpeg') return ending.subarray(-2).equals(endOfJpeg);
  if (format === 'png') return ending.equals(endOfPng);
  return format !== 'avif';
}

/**
 * Whether the end of an image is anywhere in the file: an interrupted download has a perfect header, and TensorFlow would only refuse it hours later.
 *
 * @param bytes The whole file.
 */
export function hasEnding(format: ImageFormat, bytes: Buffer): boolean {
  if (format === 'jpeg') return hasEndOfJpeg(bytes);
  if (format === 'png') return hasEndOfPng(bytes);
  return format !== 'avif' || hasAllBoxes(bytes);
}

/** Skips the segments before the first scan, where a thumbnail may have its own end marker. */
function hasEndOfJpeg(bytes: Buffer): boolean {
  let at = 2;
  while (at + 4 <= bytes.length && bytes.readUInt16BE(at) !== startOfScan) {
    // A marker may be preceded by any number of 0xff bytes and, according to libjpeg, even by garbage.
    const isMarker = bytes[at] === 0xff && (bytes[at + 1] ?? 0) >= 0xc0 && bytes[at + 1] !== 0xff;
    at += isMarker ? 2 + bytes.readUInt16BE(at + 2) : 1;
  }
  return bytes.includes(endOfJpeg, at);
}

function hasEndOfPng(bytes: Buffer): boolean {
  let at = 8;
  while (at + 12 <= bytes.length) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return true;
    at += 12 + bytes.readUInt32BE(at);
  }
  return false;
}

/** Whether the boxes of an ISO base media file lie within the file; a size of 0 means to its end, of 1 a long size. */
function hasAllBoxes(bytes: Buffer): boolean {
  let at = 0;
  while (at + 16 <= bytes.length && isBoxType(bytes.subarray(at + 4, at + 8))) {
    const size = bytes.readUInt32BE(at);
    if (size === 0) return true;
    at += size === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : Math.max(size, 8);
  }
  return at <= bytes.length;
}

/** Four printable characters; anything else was appended to the image. */
function isBoxType(type: Buffer): boolean {
  return /^[ -~]{4}$/.test(type.toString('latin1'));
}
