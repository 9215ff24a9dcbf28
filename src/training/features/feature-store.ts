import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

import { cacheFolder } from '../../files/cache-folder.js';

/** Features by key: in memory up to a limit, the rest in a file without a name, which vanishes with the process. */
export class FeatureStore {
  readonly #inMemory = new Map<string, Float32Array>();
  /** Places in the file, counted in records. */
  readonly #onDisk = new Map<string, number>();
  #file: number | null = null;
  #isFull = false;

  /**
   * @param values Numbers per record.
   * @param memoryBytes Maximum number of bytes that are kept in memory.
   */
  constructor(
    private readonly values: number,
    private readonly memoryBytes: number,
  ) {}

  has(key: string): boolean {
    return this.#inMemory.has(key) || this.#onDisk.has(key);
  }

  /** Keeps a copy of the record; once the disk is full, no further ones are kept. */
  add(key: string, record: Float32Array): void {
    if (this.has(key)) return;
    const bytes = this.values * Float32Array.BYTES_PER_ELEMENT;
    if ((this.#inMemory.size + 1) * bytes <= this.memoryBytes) this.#inMemory.set(key, record.slice());
    else if (!this.#isFull) this.#write(key, record);
  }

  /** Copies a record that is kept to a place in an array. */
  copy(key: string, into: Float32Array, at: number): void {
    const kept = this.#inMemory.get(key);
    if (kept) {
      into.set(kept, at);
      return;
    }
    const place = this.#onDisk.get(key);
    if (place === undefined || this.#file === null) throw new Error(`unreachable: no features of ${key}`);
    const size = this.values * Float32Array.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(into.buffer, into.byteOffset + at * Float32Array.BYTES_PER_ELEMENT, size);
    for (let done = 0; done < size;) {
      const read = readSync(this.#file, bytes, done, size - done, place * size + done);
      if (read === 0) throw new Error(`unreachable: the file of features ends early`);
      done += read;
    }
  }

  /** Number of records in the file. */
  get onDisk(): number {
    return this.#onDisk.size;
  }

  dispose(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#inMemory.clear();
    this.#onDisk.clear();
  }

  #write(key: string, record: Float32Array): void {
    const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
    const place = this.#onDisk.size;
    try {
      this.#file ??= openUnnamed();
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#file, bytes, done, bytes.length - done, place * bytes.length + done);
      }
      this.#onDisk.set(key, place);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!cannotKeep.includes(code)) throw error;
      this.#isFull = true;
    }
  }
}

const cannotKeep = ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS'];

/** A file in the user's cache, not in the system's folder for temporary ones, which may be memory. It has no name once it is open. */
function openUnnamed(): number {
  const folder = path.join(cacheFolder(), 'features');
  mkdirSync(folder, { recursive: true });
  const name = path.join(folder, `${process.pid}-${randomBytes(4).toString('hex')}`);
  const file = openSync(name, 'wx+', 0o600);
  unlinkSync(name);
  return file;
}
