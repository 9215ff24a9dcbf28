import { once } from 'node:events';
import os from 'node:os';
import type { Worker } from 'node:worker_threads';

import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { startWorker } from '../../files/start-worker.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { pictureLooks, type PictureLooks } from './picture-looks.js';

/** Options of `lookAtPictures`. */
export interface LookOptions {
  /** Whether pictures are turned as their EXIF says. Default: `apply`. */
  readonly exif?: ExifHandling | undefined;
  /** Called with the number of pictures done. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Ends it early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Threads that look. Default: one for each core, and for each 250 pictures; for fewer than 500 the caller's own does. */
  readonly threads?: number | undefined;
}

/** What a thread is asked. */
export interface LookRequest {
  readonly files: readonly ImageFile[];
  readonly exif: ExifHandling;
}

/** Pictures for which a thread is worth its start, which takes as long as looking at 50. */
const picturesPerThread = 250;
/** Pictures that are sent to a thread at once. */
const perRequest = 32;
/** Pictures that sharp decodes at once in the caller's thread. */
const concurrency = 4;

/**
 * Looks at the pixels of images, in several threads: half of the time is sharp's and half that of JavaScript, which takes one core per thread.
 *
 * @returns What is seen of each, in their order; null for a file that sharp does not read.
 */
export async function lookAtPictures(
  files: readonly ImageFile[],
  options: LookOptions = {},
): Promise<(PictureLooks | null)[]> {
  const { exif = 'apply', onProgress, signal, threads = threadsFor(files.length) } = options;
  let done = 0;
  if (threads < 2) {
    const look = async (file: ImageFile) => {
      const seen = await pictureLooks(file, exif);
      onProgress?.((done += 1));
      return seen;
    };
    return mapConcurrently(files, concurrency, look, signal);
  }
  const requests = Array.from({ length: Math.ceil(files.length / perRequest) }, (_, i) => files.slice(i * perRequest, (i + 1) * perRequest)); // prettier-ignore
  const all = Array.from({ length: threads }, () => startWorker(new URL('./look-thread-main', import.meta.url), {}));
  const idle = [...all];
  try {
    const answers = await mapConcurrently(
      requests,
      threads,
      async (request) => {
        const thread = idle.pop();
        if (!thread) throw new Error('unreachable: there are as many requests at once as threads');
        const seen = await ask(thread, { files: request, exif });
        idle.push(thread);
        onProgress?.((done += seen.length));
        return seen;
      },
      signal,
    );
    return answers.flat();
  } finally {
    await Promise.all(all.map((thread) => thread.terminate()));
  }
}

function threadsFor(pictures: number): number {
  return Math.min(os.availableParallelism(), Math.floor(pictures / picturesPerThread));
}

/** @throws The error that ended the thread. */
async function ask(thread: Worker, request: LookRequest): Promise<(PictureLooks | null)[]> {
  thread.postMessage(request);
  // once() rejects where the thread emits "error".
  const [seen] = (await once(thread, 'message')) as [(PictureLooks | null)[]];
  return seen;
}
