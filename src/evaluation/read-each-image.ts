import { decodeReason } from '../data/dataset/image-decoder.js';
import type { ImageProblem } from '../data/image-file/image-problem.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import { tryToReadImageFile } from '../data/image-file/try-to-read-image-file.js';

/**
 * Reads image files.
 *
 * @param decode What becomes of a file's content, PNG where TensorFlow would not decode it; throws where it does not decode.
 * @returns The images, and the ones that cannot be used.
 */
export async function readEachImage<Image>(
  files: readonly ImageFile[],
  decode: (content: Uint8Array, file: ImageFile) => Image,
): Promise<{ images: Image[]; bad: ImageProblem[] }> {
  const read = await Promise.all(files.map(async (file) => ({ file, content: await tryToReadImageFile(file) })));
  const images: Image[] = [];
  const bad: ImageProblem[] = [];
  for (const { file, content } of read) {
    if (!(content instanceof Uint8Array)) {
      bad.push(content);
      continue;
    }
    try {
      images.push(decode(content, file));
    } catch (error) {
      bad.push({ path: file.path, kind: 'corrupt', message: decodeReason(error) });
    }
    // Decoding blocks: the event loop gets a turn, for the progress bar and Ctrl-C.
    await new Promise(setImmediate);
  }
  return { images, bad };
}
