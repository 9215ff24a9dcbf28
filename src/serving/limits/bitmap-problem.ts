import { readBmpHeader } from '../../data/image-file/bmp-header.js';
import { sniffImageFormat } from '../../data/image-file/image-format.js';
import { ImageFault } from '../../data/image-file/image-problem.js';

/** Number of a file's bytes that header and palette take at most. */
const headBytes = 2048;

/** Explains why TensorFlow cannot decode a BMP, in words such as `is a 16-bit BMP, ...`; null for one that it can decode, and for anything else. */
export function bitmapProblem(bytes: Uint8Array): string | null {
  if (bytes[0] !== 0x42 || bytes[1] !== 0x4d || sniffImageFormat(bytes.subarray(0, 512)) !== 'bmp') return null;
  try {
    readBmpHeader(bytes.subarray(0, headBytes), bytes.length);
    return null;
  } catch (error) {
    if (error instanceof ImageFault) return error.message;
    throw error;
  }
}
