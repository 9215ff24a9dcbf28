import { availableParallelism } from 'node:os';

import { mapConcurrently } from '../../files/map-concurrently.js';
import type { ImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { type ImageFile, inspectImageFile } from '../image-file/inspect-image-file.js';

/** How many files are looked at, and what is reported meanwhile. */
export interface InspectOptions extends ImageLimits {
  /** Called when the files have been found, and after each one that was looked at. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the scan early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Files looked at side by side. Default: twice the processors, 16 at most, as each may take `maxFileBytes` of memory. */
  readonly concurrency?: number;
}

/** Looks at files as far as their headers, several at once. @returns An image or a problem for each, in their order. */
export async function inspectImages(
  images: readonly { readonly path: string; readonly label: number }[],
  options: InspectOptions,
): Promise<(ImageFile | ImageProblem)[]> {
  const { onProgress, signal, concurrency = Math.min(2 * availableParallelism(), 16) } = options;
  let done = 0;
  onProgress?.(done, images.length);
  return mapConcurrently(
    images,
    concurrency,
    async ({ path, label }) => {
      const result = await inspectImageFile(path, label, options);
      onProgress?.(++done, images.length);
      return result;
    },
    signal,
  );
}

/** Tells an image from a problem. */
export function isImage(inspected: ImageFile | ImageProblem): inspected is ImageFile {
  return !('kind' in inspected);
}
