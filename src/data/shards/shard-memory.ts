import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

import { cacheFolder } from '../../files/cache-folder.js';
import { replaceFile } from '../../files/replace.js';
import { settledBefore } from '../../files/settled-change.js';
import { jsonText } from '../../text/printable.js';
import { defaultImageLimits } from '../image-file/image-limits.js';
import { isRemote, withoutQuery } from '../remote/location.js';
import { findRemoteShard } from '../remote/remote-source.js';
import type { ReadShard, ReadShardOptions } from './read-shard.js';
import type { ShardRow } from './shard-row.js';

/**
 * What reading a shard has found, in the user's cache: the next start reads that in place of the shard, until its size or the time of its last
 * change differs (`ctimeMs`, which no program can set); elsewhere, its version.
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
    const name = createHash('sha256').update(way).digest('hex').slice(0, 32);
    const head = jsonText([way, size, change]);
    return new ShardMemory(path.join(cacheFolder(), 'scans', `${name}.jsonl`), head, changedMs);
  }

  /** @returns Null where nothing is remembered of the shard as it is. */
  async recall(): Promise<ReadShard | null> {
    try {
      const lines = (await readFile(this.file, 'utf8')).split('\n');
      const [head, sha256 = ''] = lines;
      // The last line is empty; what was cut off has another end.
      if (head !== this.head || lines.pop() !== '') return null;
      return { sha256, rows: lines.slice(2).map((line) => JSON.parse(line) as ShardRow) };
    } catch {
      return null;
    }
  }

  /** Remembers a shard. What cannot be written is passed over: the next scan takes longer, and nothing is lost. */
  async keep({ rows, sha256 }: ReadShard): Promise<void> {
    if (!(this.changed < settledBefore())) return;
    try {
      // Rows of a very large shard may be longer than a text can be.
      const lines = [this.head, sha256, ...rows.map((row) => JSON.stringify(row)), ''];
      await replaceFile(this.file, lines.join('\n'));
    } catch {
      return;
    }
  }
}

interface ShardIdentity {
  readonly real: string;
  readonly size: number;
  /** Another where the content is. */
  readonly change: number | string;
  /** When it was changed last, in milliseconds. */
  readonly changedMs: number;
}

async function identityOf(shard: string, signal: AbortSignal | undefined): Promise<ShardIdentity> {
  if (isRemote(shard)) {
    const { size, version } = await findRemoteShard(shard, signal);
    // Without a version nobody can tell whether it was changed.
    return { real: withoutQuery(shard), size, change: version, changedMs: version === '' ? Infinity : 0 };
  }
  const real = await realpath(shard);
  const { size, ctimeMs } = await stat(real);
  return { real, size, change: ctimeMs, changedMs: ctimeMs };
}
