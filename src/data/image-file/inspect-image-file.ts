import { crc32 } from 'node:zlib';

import type { Subset } from '../list/list-row.js';
import { describeContent } from './describe-content.js';
import { endingBytes, endsAsUsual, hasEnding } from './image-ending.js';
import { formatNames, formatOfName, type ImageFormat, sniffImageFormat } from './image-format.js';
import { defaultImageLimits, type ImageLimits, megapixels } from './image-limits.js';
import { usualScans } from './jpeg-scans.js';
import { ImageFault, type ImageProblem, problemOf } from './image-problem.js';
import { OpenImageFile } from './open-image-file.js';
import { type ImageHeader, readImageHeader } from './read-image-header.js';

/** An image of a data set that can be used, as its header describes it. */
export interface ImageFile {
  /** The scanned directory, followed by the path within it. */
  readonly path: string;
  /** Position of its class among the class names; if an image may have several, of the first one, or -1 without any. */
  readonly label: number;
  /** Positions of all its classes, ascending, where an image may have several or none; absent where each has one. */
  readonly labels?: readonly number[];
  /** Part of the data set that it belongs to, if a list says so. */
  readonly subset?: Subset;
  readonly format: ImageFormat;
  /** In pixels as stored, whatever the EXIF orientation says; see `uprightSize`. */
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  /** CRC-32 of its first 64 KiB and its end: files with different checksums have different bytes. Absent if it was not computed. */
  readonly checksum?: number;
  /** EXIF orientation, 2 to 8; absent for an upright image. */
  readonly orientation?: number;
  /** 16 bits per sample; only the upper 8 are used, as TensorFlow does for 8-bit pixels. Absent for any other depth. */
  readonly bitsPerSample?: 16;
  /** Number of frames of an animation or pages of a TIFF; the first one is used. Absent if it is the only one. */
  readonly frames?: number;
  /** The format that the file's extension claims, such as `JPEG`; absent if that is true or claims nothing. */
  readonly misnamedAs?: string;
  /** Where its bytes are if it is not a separate file; its path is then only a name. See `readImageBytes`. */
  readonly inShard?: ShardPlace;
}

/** A position in a shard, which holds the bytes of many images. */
export interface ShardPlace {
  /** The data set that the shard belongs to, as its path was given: a folder, a shard or a pattern. */
  readonly set: string;
  /** Path of the shard. */
  readonly shard: string;
  /** Offset of the image's bytes from the beginning of the shard. Their number is the image's `sizeBytes`. */
  readonly offset: number;
  /** CRC-32 of the image's bytes. */
  readonly crc: number;
}

/**
 * Inspects the header and the end of a file.
 *
 * A perfect header does not prove that every pixel decodes, but what is found here needs no decoding: files that are empty,
 * cut off, too large or something else.
 *
 * @param label Position of its class among the class names.
 * @returns The image, or why it cannot be used. Never throws because of a file's content.
 */
export async function inspectImageFile(
  path: string,
  label: number,
  limits: ImageLimits = {},
): Promise<ImageFile | ImageProblem> {
  const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
  return problemOrResult(path, async () => {
    const file = await OpenImageFile.open(path, maxFileBytes);
    try {
      return asImageFile(path, label, await inspect(file, maxPixels));
    } finally {
      await file.close();
    }
  });
}

/** Like `inspectImageFile`, for an image in memory. @returns What it says about itself, or why it cannot be used. */
export async function inspectImageBytes(
  path: string,
  bytes: Buffer,
  limits: ImageLimits = {},
): Promise<ImageFacts | ImageProblem> {
  const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
  return problemOrResult(path, () => inspect(OpenImageFile.ofBytes(bytes, maxFileBytes), maxPixels));
}

async function problemOrResult<T>(path: string, result: () => Promise<T>): Promise<T | ImageProblem> {
  try {
    return await result();
  } catch (error) {
    return problemOf(path, error);
  }
}

/** Facts about an image, wherever it is. */
export type ImageFacts = Omit<ImageFile, 'path' | 'label' | 'labels' | 'subset' | 'misnamedAs' | 'inShard'>;

/** What a data set says about an image, besides its path and first class. */
export type ImagePlace = Pick<ImageFile, 'labels' | 'subset' | 'inShard'>;

/** The image of a data set that is at a path. */
export function asImageFile(path: string, label: number, facts: ImageFacts, place: ImagePlace = {}): ImageFile {
  const claimed = formatOfName(path);
  const isMisnamed = claimed !== null && claimed !== formatNames[facts.format];
  // In this order: V8 takes 200 bytes for such an object, and 500 for one that is copied with another property behind it.
  return { path, label, ...facts, ...(isMisnamed && { misnamedAs: claimed }), ...place };
}

async function inspect(file: OpenImageFile, maxPixels: number): Promise<ImageFacts> {
  const format = sniffImageFormat(file.head);
  if (format === null) throw new ImageFault('unsupported', `is ${describeContent(file.head)}`);
  const header = await readImageHeader(format, file);
  checkPixels(header, maxPixels);
  const ending = await checkEnding(format, file);
  const { width, height, orientation = 1, frames = 1, bitsPerSample } = header;
  return {
    format,
    width,
    height,
    sizeBytes: file.sizeBytes,
    checksum: crc32(ending, crc32(file.head)),
    ...(orientation > 1 && { orientation }),
    ...(bitsPerSample && { bitsPerSample }),
    ...(frames > 1 && { frames }),
  };
}

function checkPixels({ width, height, frames, totalPixels = 0, passes = 1 }: ImageHeader, maxPixels: number): void {
  if (width < 1 || height < 1) throw new ImageFault('corrupt', `claims a width of ${width} and a height of ${height}`);
  if (width * height > maxPixels) {
    const size = `is ${width} x ${height} pixels (${megapixels(width * height)})`;
    throw new ImageFault('too-many-pixels', `${size}: more than the limit of ${megapixels(maxPixels)} (maxPixels)`);
  }
  if (passes > 1 && width * height * passes > maxPixels) {
    const work = `has more than ${(passes - 1) * usualScans} scans of ${megapixels(width * height)}, all of which TensorFlow goes over`;
    throw new ImageFault(
      'too-many-pixels',
      `${work}: more than the limit of ${megapixels(maxPixels)} (maxPixels) for ${usualScans} scans`,
    );
  }
  // While it is decoded, a frame of a GIF takes one byte per pixel, an image three.
  if (totalPixels <= 3 * maxPixels) return;
  const size = `has ${frames} frames (${megapixels(totalPixels)}), all of which TensorFlow decodes`;
  const limit = `${megapixels(3 * maxPixels)} (three times maxPixels)`;
  throw new ImageFault('too-many-pixels', `${size}: more than the limit of ${limit}`);
}

/** @returns The last bytes. */
async function checkEnding(format: ImageFormat, file: OpenImageFile): Promise<Buffer> {
  const ending = await file.readEnding(endingBytes);
  if (endsAsUsual(format, ending) || hasEnding(format, await file.readAll())) return ending;
  throw new ImageFault('corrupt', 'is cut off: the download or copy was not completed');
}
