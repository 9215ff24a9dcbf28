import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';

import { isRemote, withoutQuery } from '../remote/location.js';
import { copyOfRemoteShard, RemoteSource } from '../remote/remote-source.js';

/** Bytes that are read from the disk at once. */
const chunkBytes = 1 << 20;

/** The bytes of a shard, wherever it is. */
interface ShardSource {
  /** In bytes. */
  readonly size: number;
  /** Reads some of the bytes at a position; none if the shard has become shorter. */
  read(at: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Reads a shard from its beginning to its end, once. Memory holds one chunk and the bytes that were taken last. */
export class ShardReader {
  readonly #hash = createHash('sha256');
  #chunk: Buffer = Buffer.alloc(0);
  /** Position in the shard of the byte that comes next. */
  #at = 0;

  private constructor(
    readonly path: string,
    private readonly source: ShardSource,
  ) {}

  /** @throws Error if it is not a file; RemoteError; NodeJS.ErrnoException. */
  static async open(path: string, signal?: AbortSignal): Promise<ShardReader> {
    if (!isRemote(path)) return new ShardReader(path, await FileSource.open(path));
    const copy = await copyOfRemoteShard(path, signal);
    return new ShardReader(path, copy === null ? await RemoteSource.open(path, signal) : await FileSource.open(copy));
  }

  /** Length of the shard in bytes. */
  get size(): number {
    return this.source.size;
  }

  /** Position of the byte that comes next. */
  get position(): number {
    return this.#at;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.size - this.#at;
  }

  /** Copies the next bytes; there must be that many left. */
  async take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    await this.#pass(length, (part, at) => bytes.set(part, at));
    return bytes;
  }

  /** Skips bytes. */
  async skip(length: number): Promise<void> {
    await this.#pass(length, () => undefined);
  }

  /** SHA-256 of the whole shard, in hexadecimal; skips what is left. */
  async finishHash(): Promise<string> {
    await this.skip(this.remaining);
    return this.#hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.source.close();
  }

  async #pass(length: number, use: (part: Buffer, at: number) => void): Promise<void> {
    for (let passed = 0; passed < length;) {
      if (this.#chunk.length === 0) await this.#read();
      const part = this.#chunk.subarray(0, length - passed);
      use(part, passed);
      this.#chunk = this.#chunk.subarray(part.length);
      passed += part.length;
      this.#at += part.length;
    }
  }

  async #read(): Promise<void> {
    const bytes = await this.source.read(this.#at);
    // A shard that shrinks while it is read must not keep the reader forever.
    if (bytes.length === 0) throw new Error(`${withoutQuery(this.path)} became shorter while it was read`);
    this.#chunk = bytes;
    this.#hash.update(this.#chunk);
  }
}

/** A shard on this machine. */
class FileSource implements ShardSource {
  private constructor(
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<FileSource> {
    // Without waiting for a writer, which a named pipe may never have. Windows has neither.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error('it is not a file');
      return new FileSource(stats.size, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async read(at: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(Math.min(chunkBytes, this.size - at));
    const { bytesRead } = await this.handle.read(bytes, 0, bytes.length, at);
    return bytes.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
