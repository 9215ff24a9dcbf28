import { extname } from 'node:path';

/** Formats that a data set may hold: TensorFlow decodes the first four, sharp transcodes the others to PNG. */
export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'bmp' | 'webp' | 'avif' | 'tiff';

/** How people write each format. */
export const formatNames: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  gif: 'GIF',
  bmp: 'BMP',
  webp: 'WebP',
  avif: 'AVIF',
  tiff: 'TIFF',
};

/** The magic bytes that TensorFlow's `DecodeImage` uses to tell formats apart (decode_image_op.cc), and those of TIFF. */
const magic: readonly (readonly [ImageFormat, string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF8'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
];

const extensions: Readonly<Record<string, string>> = {
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.jpe': 'JPEG',
  '.jfif': 'JPEG',
  '.png': 'PNG',
  '.apng': 'PNG',
  '.gif': 'GIF',
  '.bmp': 'BMP',
  '.dib': 'BMP',
  '.webp': 'WebP',
  '.avif': 'AVIF',
  '.tif': 'TIFF',
  '.tiff': 'TIFF',
  '.heic': 'HEIC',
  '.heif': 'HEIC',
  '.svg': 'SVG',
  '.jxl': 'JPEG XL',
  '.jp2': 'JPEG 2000',
};

/** Whether sharp turns the format into PNG in memory, because TensorFlow cannot decode it. */
export function isTranscoded(format: ImageFormat): boolean {
  return format === 'webp' || format === 'avif' || format === 'tiff';
}

/**
 * Tells the format of an image from its first bytes, 512 or all of a smaller file; its name does not matter.
 *
 * @returns `null` if it is none of the formats; `describeContent` then describes it.
 */
export function sniffImageFormat(head: Uint8Array): ImageFormat | null {
  const start = latin1(head, 0, 16);
  const found = magic.find(([, bytes]) => start.startsWith(bytes));
  // A Canon raw file is a TIFF whose first image is a thumbnail.
  if (found) return found[0] === 'tiff' && latin1(head, 8, 10) === 'CR' ? null : found[0];
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return 'webp';
  if (fileTypeBrands(head).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  return isBmp(head) ? 'bmp' : null;
}

/** The format that a file's extension claims, such as `JPEG` for `cat.JPG`; `null` for any other extension. */
export function formatOfName(path: string): string | null {
  const extension = extname(path).toLowerCase();
  return Object.hasOwn(extensions, extension) ? (extensions[extension] ?? null) : null;
}

/** Brands in the first box of an ISO base media file, the major one first: they distinguish AVIF, HEIC and videos. */
export function fileTypeBrands(head: Uint8Array): string[] {
  if (head.length < 16 || latin1(head, 4, 8) !== 'ftyp') return [];
  const size = new DataView(head.buffer, head.byteOffset, head.length).getUint32(0);
  const compatible = latin1(head, 16, Math.min(size, 512)).match(/.{4}/gs) ?? [];
  return [latin1(head, 8, 12), ...compatible];
}

/** Many a text begins with "BM", so the size of the header that follows must be one of those in use. */
function isBmp(head: Uint8Array): boolean {
  if (latin1(head, 0, 2) !== 'BM') return false;
  const size = new DataView(head.buffer, head.byteOffset, head.length);
  return head.length < 18 || [12, 16, 40, 52, 56, 64, 108, 124].includes(size.getUint32(14, true));
}

/** Bytes as text, one character each, so that patterns can look at them. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', start, end);
}
