import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';

/** Bytes that are read from the disk at once. */
const chunkBytes = 1 << 20;

/** Reads a shard from its beginning to its end, once. Memory holds a chunk and what was taken last. */
export class ShardReader {
  readonly #hash = createHash('sha256');
  #chunk: Buffer = Buffer.alloc(0);
  /** Position in the shard of the byte that comes next. */
  #at = 0;

  private constructor(
    readonly path: string,
    /** Length of the shard in bytes. */
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  /** @throws Error for what is not a file; NodeJS.ErrnoException. */
  static async open(path: string): Promise<ShardReader> {
    // Without waiting for a writer, which a named pipe may never have. Windows has neither.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error('it is not a file');
      return new ShardReader(path, stats.size, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Position of the byte that comes next. */
  get position(): number {
    return this.#at;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.size - this.#at;
  }

  /** The next bytes, a copy. To be asked for no more than are left. */
  async take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    await this.#pass(length, (part, at) => bytes.set(part, at));
    return bytes;
  }

  /** Passes over bytes. */
  async skip(length: number): Promise<void> {
    await this.#pass(length, () => undefined);
  }

  /** SHA-256 of the whole shard, in hexadecimal; passes over what is left. */
  async finishHash(): Promise<string> {
    await this.skip(this.remaining);
    return this.#hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.handle.close();
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
    const bytes = Buffer.allocUnsafe(Math.min(chunkBytes, this.remaining));
    const { bytesRead } = await this.handle.read(bytes, 0, bytes.length, this.#at);
    // A shard that shrinks while it is read must not keep the reader forever.
    if (bytesRead === 0) throw new Error(`${this.path} became shorter while it was read`);
    this.#chunk = bytes.subarray(0, bytesRead);
    this.#hash.update(this.#chunk);
  }
}
