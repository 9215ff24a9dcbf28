import { describeRemote, readRemote, RemoteError } from './remote-shards.js';
import { shownLocation } from './location.js';
import type { RemoteFile } from './remote-store.js';
import { cachedShard, copyShard, hasRoomFor, type ShardCopy } from './shard-cache.js';

/** Bytes that are requested at once when a whole shard is read. */
const chunkBytes = 8 << 20;

/** Remote shards that were found, by location: reading a part of one needs its version. */
const known = new Map<string, RemoteFile>();

/** Describes a remote shard, and remembers it for the ranges that are read from it later. @throws RemoteError. */
export async function findRemoteShard(location: string, signal?: AbortSignal): Promise<RemoteFile> {
  const file = await describeRemote(location, signal);
  if (!file) throw new RemoteError('INVALID_DATASET', `The shard ${shownLocation(location)} does not exist.`);
  known.set(location, file);
  return file;
}

/** Returns a remote shard as it was when it was last found. @throws RemoteError. */
export async function remoteShard(location: string, signal?: AbortSignal): Promise<RemoteFile> {
  return known.get(location) ?? findRemoteShard(location, signal);
}

/** The copy on this machine of a remote shard in the version that was found; null if there is none. @throws RemoteError. */
export async function copyOfRemoteShard(location: string, signal?: AbortSignal): Promise<string | null> {
  return cachedShard(await remoteShard(location, signal));
}

/** Whether a remote shard has no copy on this machine, and there is room for one. @throws RemoteError. */
export async function isWorthCopying(location: string): Promise<boolean> {
  const file = await remoteShard(location);
  return (await cachedShard(file)) === null && (await hasRoomFor(file));
}

/** Reads a range of a remote shard: from its copy on this machine, or from its location. @throws RemoteError. */
export async function readRemoteRange(
  location: string,
  offset: number,
  length: number,
  readLocal: (copy: string) => Promise<Buffer>,
): Promise<Buffer> {
  const file = await remoteShard(location);
  const copy = await cachedShard(file);
  if (copy !== null) {
    const bytes = await readLocal(copy).catch(() => null);
    if (bytes?.length === length) return bytes;
  }
  const end = Math.min(offset + length, file.size);
  if (offset >= end) return Buffer.alloc(0);
  return asBuffer(await readRemote(file, offset, end - offset));
}

/** A remote shard that is read once from its beginning to its end, and copied to this machine if there is room. */
export class RemoteSource {
  #next: { readonly at: number; readonly bytes: Promise<Uint8Array> } | null = null;
  #copied = 0;

  private constructor(
    private readonly file: RemoteFile,
    private readonly copy: ShardCopy | null,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws RemoteError. */
  static async open(location: string, signal?: AbortSignal): Promise<RemoteSource> {
    const file = await remoteShard(location, signal);
    return new RemoteSource(file, await copyShard(file), signal);
  }

  get size(): number {
    return this.file.size;
  }

  /** Reads the bytes at a position, which follow those that were read last, and already requests the ones after them. */
  async read(at: number): Promise<Buffer> {
    const asked = this.#next?.at === at ? this.#next.bytes : this.#ask(at);
    const bytes = asBuffer(await asked);
    const end = at + bytes.length;
    this.#next = end < this.size ? { at: end, bytes: this.#ask(end) } : null;
    if (at === this.#copied) {
      await this.copy?.write(bytes);
      this.#copied = end;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#next?.bytes.catch(() => undefined);
    await this.copy?.end();
  }

  #ask(at: number): Promise<Uint8Array> {
    const bytes = readRemote(this.file, at, Math.min(chunkBytes, this.size - at), this.signal);
    // A failure that nobody awaits must not end the process.
    bytes.catch(() => undefined);
    return bytes;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
