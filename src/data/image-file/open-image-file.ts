import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

import { mebibytes } from './image-limits.js';
import { ImageFault } from './image-problem.js';

/** Enough for the header of nearly every JPEG and PNG, and for all of a small image. */
const headBytes = 64 * 1024;

/**
 * A file of a data set, open for reading: a plain file of acceptable size whose first bytes could be read.
 *
 * Files are passed to sharp as bytes, never by name: libvips reads `cat[page=1].png` as a file name with options.
 */
export class OpenImageFile {
  #all: Buffer | undefined;

  private constructor(
    readonly sizeBytes: number,
    /** The first 64 KiB, or the whole of a smaller file. */
    readonly head: Buffer,
    /** Null if the head is the whole file. */
    private readonly handle: FileHandle | null,
  ) {}

  /** @throws ImageFault `unreadable`, `empty` or `too-large`, or NodeJS.ErrnoException. */
  static async open(path: string, maxFileBytes: number): Promise<OpenImageFile> {
    // Checked before it is opened: opening a pipe waits forever, and opening a device may do something.
    const { size } = check(await stat(path), maxFileBytes);
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return new OpenImageFile(size, await readAt(handle, 0, Math.min(size, headBytes)), handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Treats bytes as a file's content. @throws ImageFault `empty` or `too-large`. */
  static ofBytes(bytes: Buffer, maxFileBytes: number): OpenImageFile {
    checkSize(bytes.length, maxFileBytes);
    const file = new OpenImageFile(bytes.length, bytes.subarray(0, headBytes), null);
    file.#all = bytes;
    return file;
  }

  /** The last bytes of the file. */
  async readEnding(length: number): Promise<Buffer> {
    const all = this.#isWhole ? this.head : this.#all;
    if (all || !this.handle) return (all ?? this.head).subarray(-length);
    return readAt(this.handle, this.sizeBytes - length, length);
  }

  /** The whole file, read once. */
  async readAll(): Promise<Buffer> {
    if (this.#isWhole || !this.handle) return this.#all ?? this.head;
    return (this.#all ??= await readAt(this.handle, 0, this.sizeBytes));
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  get #isWhole(): boolean {
    return this.sizeBytes <= headBytes;
  }
}

function check(stats: Stats, maxFileBytes: number): Stats {
  if (!stats.isFile()) throw new ImageFault('unreadable', `is a ${typeOf(stats)}, not a file`);
  checkSize(stats.size, maxFileBytes);
  return stats;
}

function checkSize(size: number, maxFileBytes: number): void {
  if (size === 0) throw new ImageFault('empty', 'has no bytes');
  if (size <= maxFileBytes) return;
  const limit = mebibytes(maxFileBytes);
  throw new ImageFault('too-large', `is ${mebibytes(size)} large: more than the limit of ${limit} (maxFileBytes)`);
}

function typeOf(stats: Stats): string {
  if (stats.isFIFO()) return 'named pipe';
  if (stats.isSocket()) return 'socket';
  return stats.isDirectory() ? 'directory' : 'device';
}

/** Reads `length` bytes, or fewer if the file has shrunk. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
