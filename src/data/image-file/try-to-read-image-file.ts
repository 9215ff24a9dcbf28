import { SignetError } from '../../errors.js';
import { RemoteError } from '../remote/remote-shards.js';
import { isTranscoded } from './image-format.js';
import type { ImageLimits } from './image-limits.js';
import { type ImageProblem, problemOf } from './image-problem.js';
import type { ImageFile } from './inspect-image-file.js';
import { readImageBytes } from './read-image-bytes.js';
import { transcodeImage } from './transcode-image.js';

/**
 * A file's content as TensorFlow can decode it: WebP, AVIF and TIFF become PNG in memory. A problem of a file is a result, since the caller may
 * continue without the file.
 *
 * @throws RemoteError if a remote shard cannot be read, which is no image's fault.
 */
export async function tryToReadImageFile(file: ImageFile, limits?: ImageLimits): Promise<Uint8Array | ImageProblem> {
  try {
    const bytes = await readImageBytes(file);
    return isTranscoded(file.format) ? await transcodeImage(bytes, limits) : bytes;
  } catch (error) {
    if (error instanceof RemoteError) throw error;
    if (!(error instanceof SignetError)) return problemOf(file.path, error);
    const message = `does not decode: ${error.message.replace(/\.$/, '')}`;
    return { path: file.path, kind: 'corrupt', message };
  }
}
