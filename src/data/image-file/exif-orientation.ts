import {
  type ExifContainer,
  exifHeadBytes,
  jpegStrides,
  mostExifEntries,
  mostExifSteps,
  orientationTag,
} from '../../ops/exif-orientation.js';

/**
 * Reads the EXIF orientation of a JPEG or PNG, byte by byte as the graph does: libraries differ in how they read damaged EXIF, and the scan must
 * report exactly what a training does.
 *
 * @param head The first 64 KiB of the file, or more; or all of a smaller one.
 * @returns 1 to 8; 1 for an upright image, or one whose EXIF is damaged.
 */
export function readExifOrientation(head: Buffer, container: ExifContainer): number {
  const bytes = head.subarray(0, exifHeadBytes);
  const range = container === 'jpeg' ? findInJpeg(bytes) : findInPng(bytes);
  return range ? readTiff(bytes, range) : 1;
}

/** Width and height of an image once it is upright. */
export function uprightSize({ width, height, orientation = 1 }: StoredSize): readonly [width: number, height: number] {
  return orientation < 5 ? [width, height] : [height, width];
}

/** Width and height of an image as it is stored, and its EXIF orientation, 1 to 8; 1 if absent. */
export interface StoredSize {
  readonly width: number;
  readonly height: number;
  readonly orientation?: number;
}

interface TiffRange {
  readonly start: number;
  readonly end: number;
}

function findInJpeg(bytes: Buffer): TiffRange | null {
  const length = (at: number) => 256 * byteAt(bytes, at + 2) + byteAt(bytes, at + 3);
  const at = walk(bytes, 2, {
    isFound: (position) =>
      bytes[position] === 0xff && bytes[position + 1] === 0xe1 && isText(bytes, position + 4, 'Exif\0\0'),
    stride: (position) => {
      if (bytes[position] !== 0xff) return 1;
      const stride = jpegStrides[byteAt(bytes, position + 1)] ?? 0;
      return stride === 0 ? length(position) + 2 : stride;
    },
  });
  return at === null ? null : { start: at + 10, end: Math.min(at + length(at) + 2, bytes.length) };
}

function findInPng(bytes: Buffer): TiffRange | null {
  if (!isText(bytes, 1, 'PNG\r\n\x1a\n')) return null;
  const length = (at: number) => (at + 4 <= bytes.length ? bytes.readUInt32BE(at) : exifHeadBytes);
  const at = walk(bytes, 8, {
    isFound: (position) => isText(bytes, position + 4, 'eXIf'),
    stride: (position) => length(position) + 12,
  });
  return at === null ? null : { start: at + 8, end: Math.min(at + 8 + length(at), bytes.length) };
}

interface Walk {
  readonly isFound: (at: number) => boolean;
  readonly stride: (at: number) => number;
}

function walk(bytes: Buffer, first: number, { isFound, stride }: Walk): number | null {
  let at = first;
  for (let step = 0; step < mostExifSteps && at < bytes.length; step += 1) {
    if (isFound(at)) return at;
    at += stride(at);
  }
  return null;
}

function readTiff(bytes: Buffer, { start, end }: TiffRange): number {
  const isBig = isText(bytes, start, 'MM\0*');
  if (!isBig && !isText(bytes, start, 'II*\0')) return 1;
  const short = (at: number) => {
    const [first, second] = [byteAt(bytes, at), byteAt(bytes, at + 1)];
    return isBig ? 256 * first + second : 256 * second + first;
  };
  const long = (at: number) => (isBig ? 65_536 * short(at) + short(at + 2) : 65_536 * short(at + 2) + short(at));
  const directory = start + long(start + 4);
  const rows = Math.min(short(directory), Math.floor((end - directory - 2) / 12), mostExifEntries);
  for (let row = 0; row < rows; row += 1) {
    const entry = directory + 2 + 12 * row;
    if (short(entry) !== orientationTag) continue;
    const [type, count] = [short(entry + 2), long(entry + 4)];
    const isShort = type === 3;
    const value = isShort ? short(entry + 8) : long(entry + 8);
    const isThere = (isShort || type === 4) && count >= 1 && count <= (isShort ? 2 : 1);
    return isThere && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function isText(bytes: Buffer, at: number, text: string): boolean {
  return bytes.toString('latin1', at, at + text.length) === text;
}

/** A byte; beyond the end, the last one. */
function byteAt(bytes: Buffer, at: number): number {
  return bytes[Math.min(at, bytes.length - 1)] ?? 0;
}
