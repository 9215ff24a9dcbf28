import { crc32 } from 'node:zlib';

import sharp from 'sharp';

import { readBmpHeader } from './bmp-header.js';
import { readExifOrientation } from './exif-orientation.js';
import { readGifHeader } from './gif-header.js';
import { isSequentialJpeg, jpegPasses } from './jpeg-scans.js';
import { formatNames, type ImageFormat } from './image-format.js';
import type { OpenImageFile } from './open-image-file.js';
import { ImageFault } from './image-problem.js';
import { plainPngHeader } from './plain-png-header.js';
import { hasSamples, unreadableTiffSamples } from './tiff-samples.js';

/** Content of the header of an image. */
export interface ImageHeader {
  readonly width: number;
  readonly height: number;
  /** Frames of an animation or pages of a TIFF; 1 if absent. */
  readonly frames?: number;
  /** Pixels of all frames together, if decoding the first means decoding all. */
  readonly totalPixels?: number;
  /** Number of passes of the decoder over the pixels, see `jpegPasses`; 1 if absent. */
  readonly passes?: number;
  /** EXIF orientation, 1 to 8. */
  readonly orientation?: number;
  /** 16 bits per sample; absent otherwise. */
  readonly bitsPerSample?: 16;
}

/**
 * Reads an image's header, whatever size it claims: memory is allocated at most for the file, never for the pixels.
 *
 * @throws ImageFault `corrupt` or `unsupported`.
 */
export async function readImageHeader(format: ImageFormat, file: OpenImageFile): Promise<ImageHeader> {
  switch (format) {
    case 'bmp':
      return readBmpHeader(file.head, file.sizeBytes);
    case 'gif':
      return readGifHeader(await file.readAll());
    case 'png':
      checkPngChecksums(file.head);
      return readPngHeader(file);
    case 'jpeg':
      return { ...(await readFrontHeader(format, file)), passes: await passesOf(file) };
    case 'tiff':
      return readTiffHeader(await file.readAll());
    default:
      return readWithSharp(format, await file.readAll());
  }
}

async function readPngHeader(file: OpenImageFile): Promise<ImageHeader> {
  const plain = plainPngHeader(file.head);
  if (!plain) return readFrontHeader('png', file);
  const { width, height, bitsPerSample } = plain;
  return { width, height, ...(bitsPerSample && { bitsPerSample }) };
}

/** Refuses samples that would silently be converted to other values. */
async function readTiffHeader(bytes: Buffer): Promise<ImageHeader> {
  const samples = unreadableTiffSamples(bytes);
  if (samples !== null) throw new ImageFault('unsupported', `${hasSamples(samples)}: save it as PNG`);
  return readWithSharp('tiff', bytes);
}

/** Reads all of a progressive JPEG, whose scans are spread over the file; for the others, the beginning is enough. */
async function passesOf(file: OpenImageFile): Promise<number> {
  return isSequentialJpeg(file.head) ? 1 : jpegPasses(await file.readAll());
}

/** The header of a JPEG or PNG comes first, so the rest of the file is read only if it is unusually long. */
async function readFrontHeader(format: 'jpeg' | 'png', file: OpenImageFile): Promise<ImageHeader> {
  const orientation = readExifOrientation(file.head, format);
  try {
    return { ...(await readWithSharp(format, file.head)), orientation };
  } catch (error) {
    if (file.head.length === file.sizeBytes) throw error;
    return { ...(await readWithSharp(format, await file.readAll())), orientation };
  }
}

async function readWithSharp(format: ImageFormat, bytes: Buffer): Promise<ImageHeader> {
  try {
    // Our own limit on pixels is checked later: here it would hide the size that is too large.
    const { width, height, pages, orientation, depth } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return {
      width,
      height,
      ...(pages && { frames: pages }),
      ...(orientation && { orientation }),
      ...(depth === 'ushort' && { bitsPerSample: 16 }),
    };
  } catch {
    // libvips's message is left out: files that are read at the same time share its list of errors, so it may be about another one.
    throw new ImageFault('corrupt', `is ${formatNames[format]} with a header that cannot be read`);
  }
}

/**
 * Checks the checksums of a PNG's chunks as far as they are in its first bytes: sharp lets a header with a flipped bit pass, TensorFlow does not. As
 * in libpng, those of chunks that are not part of the picture do not matter.
 *
 * @throws ImageFault `corrupt`.
 */
export function checkPngChecksums(head: Buffer): void {
  let at = 8;
  while (at + 12 <= head.length) {
    const end = at + 8 + head.readUInt32BE(at);
    if (end + 4 > head.length) return;
    const isCritical = ((head[at + 4] ?? 0) & 0x20) === 0;
    if (isCritical && crc32(head.subarray(at + 4, end)) !== head.readUInt32BE(end)) {
      throw new ImageFault('corrupt', 'is PNG with bytes that fail their checksum');
    }
    at = end + 4;
  }
}
