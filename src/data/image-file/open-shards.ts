import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

import { isRemote } from '../remote/location.js';
import { readRemoteRange } from '../remote/remote-source.js';

/** A shard that is open for reading. */
interface OpenShard {
  readonly descriptor: number;
  readers: number;
  /** Whether its last reader closes it. */
  isLeft: boolean;
}

/** Open shards by path, the one that was used last at the end: a training reads each of them thousands of times. */
const opened = new Map<string, OpenShard>();
const mostOpened = 64;

const readAsync = promisify(read);

/**
 * Reads a range of a shard.
 *
 * @returns Fewer bytes where the shard ends before.
 * @throws RemoteError; NodeJS.ErrnoException.
 */
export async function readFromShard(shard: string, offset: number, length: number): Promise<Buffer> {
  if (isRemote(shard)) return readRemoteRange(shard, offset, length, (copy) => readFromShard(copy, offset, length));
  const from = open(shard);
  from.readers += 1;
  try {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, await fill(from.descriptor, bytes, offset));
  } finally {
    from.readers -= 1;
    closeIfLeft(from);
  }
}

/** Closes a shard, so that the next reader opens whatever is at its path by then. */
export function closeShard(shard: string): void {
  const old = opened.get(shard);
  opened.delete(shard);
  if (!old) return;
  old.isLeft = true;
  closeIfLeft(old);
}

function open(shard: string): OpenShard {
  const found = opened.get(shard) ?? { descriptor: openSync(shard, 'r'), readers: 0, isLeft: false };
  opened.delete(shard);
  opened.set(shard, found);
  const [oldest] = opened.keys();
  if (opened.size > mostOpened && oldest !== undefined) closeShard(oldest);
  return found;
}

function closeIfLeft({ isLeft, readers, descriptor }: OpenShard): void {
  if (isLeft && readers === 0) closeSync(descriptor);
}

/** Milliseconds that a read has usually taken lately. */
let usual = 0;
/** A local disk, or memory, answers sooner than this; then a promise would take longer than the read. */
const slow = 0.25;
let sinceLastTry = 0;
const tryAgain = 256;

async function fill(descriptor: number, bytes: Buffer, offset: number): Promise<number> {
  const isQuick = usual < slow || ++sinceLastTry > tryAgain;
  let filled = 0;
  const started = performance.now();
  while (filled < bytes.length) {
    const [at, rest] = [offset + filled, bytes.length - filled];
    const count = isQuick
      ? readSync(descriptor, bytes, filled, rest, at)
      : (await readAsync(descriptor, bytes, filled, rest, at)).bytesRead;
    if (count === 0) break;
    filled += count;
  }
  if (isQuick) {
    sinceLastTry = 0;
    usual = 0.9 * usual + 0.1 * (performance.now() - started);
  }
  return filled;
}
