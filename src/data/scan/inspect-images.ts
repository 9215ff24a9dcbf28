import { availableParallelism } from 'node:os';

import { mapConcurrently } from '../../files/map-concurrently.js';
import type { ImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { type ImageFile, inspectImageFile } from '../image-file/inspect-image-file.js';
import { fileStates, type FoundImage, ScanMemory, type ScanMemoryPlace } from './scan-memory.js';

/** Options for inspecting many files. */
export interface InspectOptions extends ImageLimits {
  /** Called when the files have been found, and after each one that was inspected. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the scan early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Number of files inspected at the same time. Default: `imagesAtOnce()`. */
  readonly concurrency?: number;
  /** Place where the findings are kept for the next scan, which then inspects only new or changed files. Default: nothing is kept. */
  readonly memory?: ScanMemoryPlace | undefined;
}

/** Number of images that are read at once: two for each processor, at most 16, since each may take `maxFileBytes` of memory. */
export function imagesAtOnce(): number {
  return Math.min(2 * availableParallelism(), 16);
}

/** Inspects the headers of files, several at once. @returns An image or a problem for each, in their order. */
export async function inspectImages(
  images: readonly FoundImage[],
  options: InspectOptions,
): Promise<(ImageFile | ImageProblem)[]> {
  const { memory: place, signal } = options;
  if (!place || images.length < (place.leastImages ?? 2000)) return inspectAll(images, options);
  const [memory, states] = [await ScanMemory.open(place, options), await fileStates(images, signal)];
  const results: (ImageFile | ImageProblem | null)[] = memory.recall(images, states);
  const missing = [...results.keys()].filter((i) => results[i] === null);
  const inspected = await inspectAll(missing.flatMap((i) => images[i] ?? []), options, images.length - missing.length); // prettier-ignore
  for (const [k, i] of missing.entries()) results[i] = inspected[k] ?? null;
  const found = results.filter((result) => result !== null);
  if (missing.length > 0) await memory.keep(found, states);
  return found;
}

async function inspectAll(
  images: readonly FoundImage[],
  options: InspectOptions,
  known = 0,
): Promise<(ImageFile | ImageProblem)[]> {
  const { onProgress, signal, concurrency = imagesAtOnce() } = options;
  const total = known + images.length;
  let done = known;
  onProgress?.(done, total);
  return mapConcurrently(
    images,
    concurrency,
    async ({ path, label }) => {
      const result = await inspectImageFile(path, label, options);
      onProgress?.(++done, total);
      return result;
    },
    signal,
  );
}

/** Distinguishes an image from a problem. */
export function isImage(inspected: ImageFile | ImageProblem): inspected is ImageFile {
  return !('kind' in inspected);
}
