import { realpath, stat } from 'node:fs/promises';

import { settledBefore } from '../../files/settled-change.js';
import { jsonText } from '../../text/printable.js';
import { defaultImageLimits } from '../image-file/image-limits.js';
import { isRemote, withoutQuery } from '../remote/location.js';
import { remoteShard } from '../remote/remote-source.js';
import { findingsFile, keepFindings, readFindings } from '../scan/findings-cache.js';
import type { ReadShard, ReadShardOptions } from './read-shard.js';
import type { ShardRow } from './shard-row.js';

/**
 * Findings about a shard, in the user's cache: the next start reads them instead of the shard, unless its size or the time of its last change differs
 * (`ctimeMs`, which no program can set) or, for a remote shard, its version.
 */
export class ShardMemory {
  private constructor(
    private readonly file: string,
    private readonly head: string,
    private readonly changed: number,
  ) {}

  /** The entry for a shard. @param options How it is read: each way of reading has its own memory. */
  static async of(shard: string, options: ReadShardOptions): Promise<ShardMemory> {
    const { real, size, change, changedMs } = await identityOf(shard, options.signal);
    const { maxFileBytes, maxPixels, labelField, areLabelled, image, label } = { ...defaultImageLimits, ...options };
    const way = jsonText([
      'signet shard 1',
      real,
      maxFileBytes,
      maxPixels,
      labelField,
      image,
      label,
      ...(areLabelled ? ['labelled'] : []),
    ]);
    const head = jsonText([way, size, change]);
    return new ShardMemory(findingsFile(way, '.jsonl'), head, changedMs);
  }

  /** @returns Null if nothing is remembered about the shard in its current state. */
  async recall(): Promise<ReadShard | null> {
    try {
      const lines = linesOf(await readFindings(this.file));
      if (lines.next().value !== this.head) return null;
      const sha256 = lines.next().value ?? '';
      return { sha256, rows: Array.from(lines, (line) => JSON.parse(line) as ShardRow) };
    } catch {
      return null;
    }
  }

  /** Remembers a shard for the next scan. */
  async keep(read: ReadShard): Promise<void> {
    if (!(this.changed < settledBefore())) return;
    await keepFindings(this.file, this.#lines(read));
  }

  *#lines({ rows, sha256 }: ReadShard): Generator<string> {
    yield this.head;
    yield sha256;
    for (const row of rows) yield JSON.stringify(row);
  }
}

/** The lines of findings, one at a time: together they would take as much memory again. @throws Error if the last one was cut off. */
function* linesOf(findings: Buffer): Generator<string, undefined> {
  for (let start = 0; start < findings.length;) {
    const end = findings.indexOf('\n', start);
    if (end < 0) throw new Error('cut off');
    yield findings.toString('utf8', start, end);
    start = end + 1;
  }
}

interface ShardIdentity {
  readonly real: string;
  readonly size: number;
  /** Differs if the content does. */
  readonly change: number | string;
  /** Time of the last change, in milliseconds. */
  readonly changedMs: number;
}

async function identityOf(shard: string, signal: AbortSignal | undefined): Promise<ShardIdentity> {
  if (isRemote(shard)) {
    const { size, version } = await remoteShard(shard, signal);
    // Without a version, a change could not be noticed.
    return { real: withoutQuery(shard), size, change: version, changedMs: version === '' ? Infinity : 0 };
  }
  const real = await realpath(shard);
  const { size, ctimeMs } = await stat(real);
  return { real, size, change: ctimeMs, changedMs: ctimeMs };
}
