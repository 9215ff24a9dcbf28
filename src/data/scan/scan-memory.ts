import { type Stats, statSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

import { mapConcurrently } from '../../files/map-concurrently.js';
import { settledBefore } from '../../files/settled-change.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { formatNames, type ImageFormat } from '../image-file/image-format.js';
import { defaultImageLimits, type ImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { asImageFile, type ImageFile } from '../image-file/inspect-image-file.js';
import { findingsFile, keepFindings, readFindings } from './findings-cache.js';

/** Place where a scan keeps its findings for the next one. */
export interface ScanMemoryPlace {
  /** Path of the file that keeps it. */
  readonly file: string;
  /** Prefix of the images' paths, which is left out of the file. */
  readonly prefix: string;
  /** With fewer images nothing is kept, since they are inspected within a second. Default: 2,000. */
  readonly leastImages?: number;
}

/** The place for a data set, in the user's cache: one file for each real path of a folder or list. */
export async function scanMemoryPlace(dataset: string): Promise<ScanMemoryPlace> {
  const real = await realpath(dataset).catch(() => dataset);
  return { file: findingsFile(real, '.tsv'), prefix: dataset };
}

/** Sizes in bytes of files, and times of their last changes: they show whether a file has changed. NaN for a missing file. */
export interface FileStates {
  readonly sizes: Float64Array;
  /** Times of the last change to content, name or permissions, in milliseconds (`ctimeMs`): no program can set them. */
  readonly changes: Float64Array;
}

/**
 * Findings of earlier scans about the images of a data set.
 *
 * One line per image: path, size in bytes, time of the last change, then the facts from its header, separated by tabs. Files with problems are not
 * remembered, so they are inspected again.
 */
export class ScanMemory {
  #at: number;

  /** @param bytes Head and lines, in the order of the images: a map of 300,000 lines would take more memory than the lines. */
  private constructor(
    private readonly place: ScanMemoryPlace,
    private readonly head: string,
    private readonly bytes: Buffer,
  ) {
    this.#at = head.length + 1;
  }

  /** Reads what is remembered: nothing if the file is missing, or was written by another version or under other limits. */
  static async open(place: ScanMemoryPlace, limits: ImageLimits): Promise<ScanMemory> {
    const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
    const head = `signet scan 1, limits ${maxFileBytes} ${maxPixels}`;
    const bytes = await readFindings(place.file);
    const isOurs = bytes.toString('utf8', 0, head.length + 1) === `${head}\n`;
    return new ScanMemory(place, head, isOurs ? bytes : Buffer.alloc(0));
  }

  /**
   * The findings about images from when their files were in these states; null for images that are not remembered.
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
   * Remembers images for the next scan, in place of what was remembered before.
   */
  async keep(found: readonly (ImageFile | ImageProblem)[], { sizes, changes }: FileStates): Promise<void> {
    const settled = settledBefore();
    const lines = found.flatMap((image, i) => {
      const changed = changes[i] ?? NaN;
      if ('kind' in image || !(changed < settled) || /[\t\n\r]/.test(image.path)) return [];
      return `${this.#key(image.path)}\t${sizes[i]}\t${changed}\t${factsOf(image)}`;
    });
    await keepFindings(this.place.file, [this.head, ...lines]);
  }

  #key(path: string): string {
    return path.startsWith(this.place.prefix) ? path.slice(this.place.prefix.length) : path;
  }

  /** The content of a path's line; lines before it belong to files that are gone. */
  #lineOf(key: string): string | null {
    while (this.#at < this.bytes.length) {
      const end = this.bytes.indexOf('\n', this.#at);
      if (end < 0) return null;
      const line = this.bytes.toString('utf8', this.#at, end);
      const tab = line.indexOf('\t');
      const order = tab < 0 ? -1 : byCodePoint(line.slice(0, tab), key);
      if (order > 0) return null;
      this.#at = end + 1;
      if (order === 0) return line.slice(tab + 1);
    }
    return null;
  }
}

/** A file of a data set, before it is inspected. */
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
 * A local disk answers within microseconds, where promises would take most of the time; a slow one is asked about many files at once.
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

/** Number of files checked in one turn of the event loop. */
const turn = 500;

/** Milliseconds per file above which a disk counts as slow. */
const slow = 0.25;

function statOrNull(path: string) {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
