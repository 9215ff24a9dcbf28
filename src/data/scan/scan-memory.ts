import { createHash } from 'node:crypto';
import { type Stats, statSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { cacheFolder } from '../../files/cache-folder.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { replaceFile } from '../../files/replace.js';
import { settledBefore } from '../../files/settled-change.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { formatNames, type ImageFormat } from '../image-file/image-format.js';
import { defaultImageLimits, type ImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { asImageFile, type ImageFile } from '../image-file/inspect-image-file.js';

/** Where a scan keeps what it found, for the next one. */
export interface ScanMemoryPlace {
  /** Path of the file that keeps it. */
  readonly file: string;
  /** How the paths of the images begin, which is left out of the file. */
  readonly prefix: string;
  /** Nothing is kept of fewer images, which are looked at within a second. Default: 2,000. */
  readonly leastImages?: number;
}

/** The place for a data set, in the user's cache: one file for each real path of a folder or list. */
export async function scanMemoryPlace(dataset: string): Promise<ScanMemoryPlace> {
  const real = await realpath(dataset).catch(() => dataset);
  const name = createHash('sha256').update(real).digest('hex').slice(0, 32);
  return { file: join(cacheFolder(), 'scans', `${name}.tsv`), prefix: dataset };
}

/** Sizes in bytes of files, and times of their last changes: they tell whether a file is what it was. Of a file that is not there, NaN. */
export interface FileStates {
  readonly sizes: Float64Array;
  /** Times of the last change to content, name or permissions, in milliseconds (`ctimeMs`): no program can set them. */
  readonly changes: Float64Array;
}

/**
 * What earlier scans found in the images of a data set.
 *
 * A line per image: path, size in bytes, time of the last change, then what its header says, separated by tabs. Files with problems are not
 * remembered: they are looked at again.
 */
export class ScanMemory {
  #at: number;

  /** @param text Head and lines, in the order of the images: a map of 300,000 lines would take more memory than the lines. */
  private constructor(
    private readonly place: ScanMemoryPlace,
    private readonly head: string,
    private readonly text: string,
  ) {
    this.#at = head.length + 1;
  }

  /** Reads what is remembered: nothing if the file is missing, or was written by another version or under other limits. */
  static async open(place: ScanMemoryPlace, limits: ImageLimits): Promise<ScanMemory> {
    const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
    const head = `signet scan 1, limits ${maxFileBytes} ${maxPixels}`;
    const text = await readFile(place.file, 'utf8').catch(() => '');
    return new ScanMemory(place, head, text.startsWith(`${head}\n`) ? text : '');
  }

  /**
   * The images as they were found when their files were in these states; null for images that are not remembered.
   *
   * @param images Sorted by code point of the path, as a scan sorts them.
   */
  recall(images: readonly FoundImage[], { sizes, changes }: FileStates): (ImageFile | null)[] {
    return images.map(({ path, label }, i) => {
      const line = this.#lineOf(this.#key(path));
      const same = `${sizes[i]}\t${changes[i]}\t`;
      return line?.startsWith(same) ? recalled(path, label, sizes[i] ?? 0, line.slice(same.length)) : null;
    });
  }

  /**
   * Remembers images for the next scan, in place of what was remembered before. A place that cannot be written to is passed over: the next scan
   * takes longer, and nothing is lost.
   */
  async keep(found: readonly (ImageFile | ImageProblem)[], { sizes, changes }: FileStates): Promise<void> {
    const settled = settledBefore();
    const lines = found.flatMap((image, i) => {
      const changed = changes[i] ?? NaN;
      if ('kind' in image || !(changed < settled) || /[\t\n\r]/.test(image.path)) return [];
      return `${this.#key(image.path)}\t${sizes[i]}\t${changed}\t${factsOf(image)}\n`;
    });
    await replaceFile(this.place.file, Buffer.from(`${this.head}\n${lines.join('')}`)).catch(() => undefined);
  }

  #key(path: string): string {
    return path.startsWith(this.place.prefix) ? path.slice(this.place.prefix.length) : path;
  }

  /** What the line of a path says; lines before it are of files that have gone. */
  #lineOf(key: string): string | null {
    while (this.#at < this.text.length) {
      const [tab, end] = [this.text.indexOf('\t', this.#at), this.text.indexOf('\n', this.#at)];
      if (end < 0) return null;
      const order = tab < 0 || tab > end ? -1 : byCodePoint(this.text.slice(this.#at, tab), key);
      if (order > 0) return null;
      this.#at = end + 1;
      if (order === 0) return this.text.slice(tab + 1, end);
    }
    return null;
  }
}

/** A file of a data set, before it is looked at. */
export interface FoundImage {
  readonly path: string;
  /** Position of its class among the class names. */
  readonly label: number;
}

function factsOf({ format, width, height, checksum, orientation, bitsPerSample, frames }: ImageFile): string {
  return [format, width, height, checksum, orientation, bitsPerSample, frames].join('\t');
}

function recalled(path: string, label: number, sizeBytes: number, facts: string): ImageFile | null {
  const [format = '', ...rest] = facts.split('\t');
  const [width = 0, height = 0, checksum = NaN, orientation = 0, bits = 0, frames = 0] = rest.map(Number);
  if (!Object.hasOwn(formatNames, format) || ![width, height, checksum].every(Number.isSafeInteger)) return null;
  return asImageFile(path, label, {
    format: format as ImageFormat,
    width,
    height,
    sizeBytes,
    checksum,
    ...(orientation > 0 && { orientation }),
    ...(bits === 16 && { bitsPerSample: 16 as const }),
    ...(frames > 0 && { frames }),
  });
}

/**
 * The states of files, in their order.
 *
 * A disk of this machine answers within microseconds, where promises would take most of the time; a slow one is asked for many files at once.
 *
 * @param signal Ends it early: it rejects with the signal's reason.
 */
export async function fileStates(images: readonly FoundImage[], signal?: AbortSignal): Promise<FileStates> {
  const states = { sizes: new Float64Array(images.length), changes: new Float64Array(images.length) };
  const note = (i: number, stats: Pick<Stats, 'size' | 'ctimeMs'> | null) => {
    states.sizes[i] = stats?.size ?? NaN;
    states.changes[i] = stats?.ctimeMs ?? NaN;
  };
  const started = performance.now();
  for (const [i, { path }] of images.entries()) {
    if (i % turn === 0) {
      signal?.throwIfAborted();
      await setImmediate();
    }
    if (i % turn === 0 && performance.now() - started > (i + turn) * slow) {
      const rest = await mapConcurrently(images.slice(i), 32, async (each) => stat(each.path).catch(() => null), signal); // prettier-ignore
      for (const [k, stats] of rest.entries()) note(i + k, stats);
      return states;
    }
    note(i, statOrNull(path));
  }
  return states;
}

/** Files looked at in one turn of the event loop. */
const turn = 500;

/** Milliseconds per file. */
const slow = 0.25;

function statOrNull(path: string) {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
