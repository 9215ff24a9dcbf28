import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { cacheFolder } from '../../files/cache-folder.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { replaceFile } from '../../files/replace.js';
import { formatNames, type ImageFormat } from '../image-file/image-format.js';
import { defaultImageLimits, type ImageLimits } from '../image-file/image-limits.js';
import { asImageFile, type ImageFile } from '../image-file/inspect-image-file.js';

/** Where a scan keeps what it found, for the next one. */
export interface ScanMemoryPlace {
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

/** Size and time of the last change of a file: they tell whether it is what it was. */
export interface FileState {
  readonly size: number;
  /** Of the content, the name or the rights, in milliseconds (`ctimeMs`): nobody sets it. */
  readonly changed: number;
}

/** A file that cannot be looked at; reading it says why. */
const unknown: FileState = { size: -1, changed: NaN };

/**
 * What earlier scans found in the images of a data set.
 *
 * A line per image: path, size in bytes, time of the last change, then what its header says, separated by tabs. Files with problems are not
 * remembered: they are looked at again.
 */
export class ScanMemory {
  /** @param lines What is remembered of an image, by its path without the prefix. */
  private constructor(
    private readonly place: ScanMemoryPlace,
    private readonly head: string,
    private readonly lines: ReadonlyMap<string, string>,
  ) {}

  /** Reads what is remembered: nothing, where there is no such file, or it was written by another version or under other limits. */
  static async open(place: ScanMemoryPlace, limits: ImageLimits): Promise<ScanMemory> {
    const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
    const head = `signet scan 1, limits ${maxFileBytes} ${maxPixels}`;
    const text = await readFile(place.file, 'utf8').catch(() => '');
    return new ScanMemory(place, head, text.startsWith(`${head}\n`) ? linesByPath(text) : new Map());
  }

  /** The image at a path as it was found when the file was in this state; null where that is not remembered. */
  recall(path: string, label: number, state: FileState): ImageFile | null {
    const line = this.lines.get(this.#key(path));
    const same = `${state.size}\t${state.changed}\t`;
    return line?.startsWith(same) ? recalled(path, label, state.size, line.slice(same.length)) : null;
  }

  /**
   * Remembers images for the next scan, in place of what was remembered before. A place that cannot be written to is passed over: the next scan
   * takes longer, and nothing is lost.
   */
  async keep(images: readonly { readonly image: ImageFile; readonly state: FileState }[]): Promise<void> {
    // What was changed just now may be changed once more within the same tick of the file system's clock.
    const settled = Date.now() - longestTick;
    const lines = images
      .filter(({ image, state }) => state.changed < settled && !/[\t\n\r]/.test(image.path))
      .map(({ image, state }) => `${this.#key(image.path)}\t${state.size}\t${state.changed}\t${factsOf(image)}\n`);
    await replaceFile(this.place.file, Buffer.from(`${this.head}\n${lines.join('')}`)).catch(() => undefined);
  }

  #key(path: string): string {
    return path.startsWith(this.place.prefix) ? path.slice(this.place.prefix.length) : path;
  }
}

/** File systems tell times to two seconds (FAT) or finer. */
const longestTick = 2000;

function linesByPath(text: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (let at = text.indexOf('\n') + 1; at < text.length;) {
    const end = text.indexOf('\n', at);
    const tab = text.indexOf('\t', at);
    if (end < 0 || tab < 0) break;
    if (tab < end) lines.set(text.slice(at, tab), text.slice(tab + 1, end));
    at = end + 1;
  }
  return lines;
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
export async function fileStates(paths: readonly string[], signal?: AbortSignal): Promise<FileState[]> {
  const states: FileState[] = [];
  const started = performance.now();
  while (states.length < paths.length) {
    signal?.throwIfAborted();
    if (performance.now() - started > (states.length + turn) * slow) {
      const rest = paths.slice(states.length);
      return [...states, ...(await mapConcurrently(rest, 32, async (path) => stateOf(await stat(path).catch(() => null)), signal))]; // prettier-ignore
    }
    for (const path of paths.slice(states.length, states.length + turn)) states.push(stateOf(statOrNull(path)));
    await setImmediate();
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

function stateOf(stats: { readonly size: number; readonly ctimeMs: number } | null): FileState {
  return stats ? { size: stats.size, changed: stats.ctimeMs } : unknown;
}
