import sharp from 'sharp';

import { wordsOf } from '../../errors.js';
import { formatNames, type ImageFormat, isTranscoded } from '../image-file/image-format.js';
import { defaultImageLimits } from '../image-file/image-limits.js';
import { ImageFault, type ImageProblem, problemOf } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { readImageBytes } from '../image-file/read-image-bytes.js';
import { transcodeImage } from '../image-file/transcode-image.js';
import { labelsOf } from '../scan/image-scan.js';
import type { NamedImage } from './plan-shards.js';
import type { Sample } from './sample.js';

const extensions: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'jpg',
  png: 'png',
  gif: 'gif',
  bmp: 'bmp',
  webp: 'webp',
  avif: 'avif',
  tiff: 'tiff',
};

/**
 * Reads an image to be packed. Its bytes do not change unless its shorter side is longer than `resize`: then it is made smaller, turned upright and
 * written as JPEG of quality 95, or as PNG if it was not a JPEG.
 *
 * @returns The sample, or the problem if the image cannot be read any more.
 */
export async function makeSample(
  { file, name }: NamedImage,
  classNames: readonly string[],
  resize: number | null,
): Promise<Sample | ImageProblem> {
  try {
    const bytes = await readImageBytes(file);
    if (bytes.length !== file.sizeBytes) return changed(file);
    const { width, height, format } = file;
    const isSmall = resize === null || Math.min(width, height) <= resize;
    const image = isSmall ? { bytes, width, height, format } : await madeSmaller(bytes, file, resize);
    const extension = extensions[image.format];
    const labels = labelsOf(file);
    return {
      ...image,
      name: image.format === format ? name : `${name}.${extension}`,
      labels,
      texts: labels.map((label) => classNames[label] ?? ''),
      subset: file.subset,
      format: formatNames[image.format],
      extension,
    };
  } catch (error) {
    if (error instanceof ImageFault || isOfFileSystem(error)) return problemOf(file.path, error);
    return { path: file.path, kind: 'corrupt', message: `does not decode: ${wordsOf(error).replace(/\.$/, '')}` };
  }
}

function isOfFileSystem(error: unknown): boolean {
  return error instanceof Error && 'errno' in error;
}

function changed({ path }: ImageFile): ImageProblem {
  return { path, kind: 'unreadable', message: 'has changed since it was scanned' };
}

async function madeSmaller(bytes: Buffer, { format }: ImageFile, resize: number) {
  const decodable = isTranscoded(format) ? await transcodeImage(bytes) : bytes;
  // As when a training decodes it: values unchanged, whatever the colour profile says.
  const options = { limitInputPixels: defaultImageLimits.maxPixels, ignoreIcc: true };
  const smaller = sharp(decodable, options).autoOrient().resize({ width: resize, height: resize, fit: 'outside' });
  const isJpeg = format === 'jpeg';
  const encoded = isJpeg ? smaller.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }) : smaller.png();
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height, format: isJpeg ? ('jpeg' as const) : ('png' as const) };
}
