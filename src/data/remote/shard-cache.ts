import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { cacheFolder } from '../../files/cache-folder.js';
import { withoutQuery } from './location.js';
import type { RemoteFile } from './remote-store.js';

/** Size of the cache in MiB, unless `SIGNET_SHARD_CACHE` sets another one. */
const usualMebibytes = 10_240;
const ending = '.shard';
const draftEnding = '.unfinished';
/** A draft that was not written to for this long, in milliseconds, was left by a process that was killed. */
const abandoned = 3_600_000;

/**
 * Copies that this process has written or read: it does not remove them to make room for others. Otherwise a data set larger than the cache would be
 * copied whole at every start, each shard in place of one that is read later.
 */
const inUse = new Set<string>();
/** Bytes of shards that this process is about to write. */
let reserved = 0;

/** A shard that is being copied to the disk, from its beginning to its end. */
export interface ShardCopy {
  write(bytes: Uint8Array): Promise<void>;
  /** Keeps the copy if it is whole, otherwise removes it. */
  end(): Promise<void>;
}

/** The path of the copy of a shard on this machine; null if there is none. */
export async function cachedShard(file: RemoteFile): Promise<string | null> {
  if (file.version === '') return null;
  const copy = pathOf(file);
  const stats = await stat(copy).catch(() => null);
  if (stats?.size !== file.size) return null;
  inUse.add(copy);
  // The copies that were used least recently are removed first.
  if (Date.now() - stats.mtimeMs > 60_000) await utimes(copy, new Date(), new Date()).catch(() => undefined);
  return copy;
}

/** Whether a shard that is read now would be kept, possibly in place of others. Without a version, a change could not be noticed. */
export async function hasRoomFor(file: RemoteFile): Promise<boolean> {
  return fits(file, await readCache());
}

/**
 * Begins to copy a shard to the disk, and removes the least recently used ones if the room is needed.
 *
 * @returns Null when the cache has no room for the shard or the disk rejects the write; each read of the shard then goes to the remote file.
 */
export async function copyShard(file: RemoteFile): Promise<ShardCopy | null> {
  const copy = pathOf(file);
  const cache = await readCache();
  if (!fits(file, cache)) return null;
  // Nothing was awaited in between: of two shards that are read at the same time, the second sees what the first reserves.
  reserved += file.size;
  try {
    await makeRoom(cache);
    await mkdir(path.dirname(copy), { recursive: true });
    const draft = `${copy}.${randomBytes(4).toString('hex')}${draftEnding}`;
    return new Copying(file.size, copy, draft, await open(draft, 'wx'));
  } catch {
    reserved -= file.size;
    return null;
  }
}

class Copying implements ShardCopy {
  #written = 0;
  #hasFailed = false;

  constructor(
    private readonly size: number,
    private readonly copy: string,
    private readonly draft: string,
    private readonly handle: FileHandle,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#hasFailed) return;
    try {
      await this.handle.writeFile(bytes);
      this.#written += bytes.length;
    } catch {
      // The disk is full: the shard is read from its location.
      this.#hasFailed = true;
    }
  }

  async end(): Promise<void> {
    const isWhole = !this.#hasFailed && this.#written === this.size;
    try {
      try {
        if (isWhole) await this.handle.sync();
      } finally {
        await this.handle.close();
      }
      if (isWhole) {
        await rename(this.draft, this.copy);
        inUse.add(this.copy);
      } else await rm(this.draft, { force: true });
    } catch {
      await rm(this.draft, { force: true }).catch(() => undefined);
    } finally {
      reserved -= this.size;
    }
  }
}

function folder(): string {
  return path.join(cacheFolder(), 'shards');
}

/** The path of a shard's copy. No part of a location becomes part of it, and a new signature in the query does not make another copy. */
function pathOf({ location, size, version }: RemoteFile): string {
  const name = createHash('sha256')
    .update(JSON.stringify([withoutQuery(location), size, version]))
    .digest('hex')
    .slice(0, 32);
  return path.join(folder(), name + ending);
}

interface CopyOnDisk {
  readonly path: string;
  readonly size: number;
  readonly usedMs: number;
  readonly isDraft: boolean;
}

/** The copies on the disk, and the bytes that they may have. */
interface Cache {
  readonly copies: readonly CopyOnDisk[];
  readonly most: number;
}

async function readCache(): Promise<Cache> {
  const names = await readdir(folder()).catch(() => []);
  const copies: CopyOnDisk[] = [];
  for (const name of names) {
    const [file, isDraft] = [path.join(folder(), name), name.endsWith(draftEnding)];
    if (!isDraft && !name.endsWith(ending)) continue;
    const stats = await stat(file).catch(() => null);
    if (stats) copies.push({ path: file, size: stats.size, usedMs: stats.mtimeMs, isDraft });
  }
  return { copies, most: await budget(copies) };
}

function fits({ size, version }: RemoteFile, { copies, most }: Cache): boolean {
  const kept = copies.filter((copy) => inUse.has(copy.path)).reduce((sum, each) => sum + each.size, 0);
  return version !== '' && kept + reserved + size <= most;
}

async function makeRoom({ copies, most }: Cache): Promise<void> {
  const whole = copies.filter(({ isDraft }) => !isDraft);
  let total = whole.reduce((sum, { size }) => sum + size, reserved);
  const old = copies.filter((copy) => !inUse.has(copy.path)).sort((a, b) => a.usedMs - b.usedMs);
  for (const copy of old) {
    if (copy.isDraft && Date.now() - copy.usedMs < abandoned) continue;
    if (!copy.isDraft && total <= most) continue;
    // A process that has it open can still read it.
    await rm(copy.path, { force: true });
    if (!copy.isDraft) total -= copy.size;
  }
}

/** Bytes for all copies: the size that the variable sets, but never more than what the disk then still has free. */
async function budget(copies: readonly CopyOnDisk[]): Promise<number> {
  const taken = copies.reduce((sum, { size }) => sum + size, 0);
  await mkdir(folder(), { recursive: true }).catch(() => undefined);
  const disk = await statfs(folder()).catch(() => null);
  const free = disk ? disk.bavail * disk.bsize : 0;
  return Math.min(wantedMebibytes() * 2 ** 20, (taken + free) / 2);
}

/** @throws SignetError `INVALID_ARGUMENT`. */
function wantedMebibytes(): number {
  const text = process.env.SIGNET_SHARD_CACHE ?? '';
  if (text === '') return usualMebibytes;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new SignetError(
    'INVALID_ARGUMENT',
    `SIGNET_SHARD_CACHE is the size in MiB of the cache for remote shards. Expected: a whole number from 0. Received: ${text}.`,
  );
}
