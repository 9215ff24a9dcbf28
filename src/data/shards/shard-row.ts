import { crc32 } from 'node:zlib';

import type { ImageLimits } from '../image-file/image-limits.js';
import { type ImageFacts, inspectImageBytes } from '../image-file/inspect-image-file.js';
import type { ProblemKind } from '../image-file/image-problem.js';
import type { FoundSample, ShardFault } from './sample.js';

/** An image of a shard that was inspected. */
export interface ShardImage {
  readonly name: string | null;
  readonly labels: readonly (number | string)[];
  readonly texts: readonly string[];
  readonly subset: string | null;
  readonly offset: number;
  readonly crc: number;
  readonly facts: ImageFacts;
}

/** Something in a shard that cannot be used. */
export interface ShardProblem {
  readonly name: string | null;
  readonly offset: number;
  readonly kind: ProblemKind;
  /** Words that follow the image's name, or the shard's if there is none. */
  readonly message: string;
}

/** The finding at a position in a shard. */
export type ShardRow = ShardImage | ShardProblem;

/** Inspects the header of a sample. */
export async function shardRow(found: FoundSample | ShardFault, limits: ImageLimits): Promise<ShardRow> {
  if ('fault' in found) return { name: null, offset: found.offset, kind: found.kind, message: found.fault };
  const { offset, bytes, name, ...rest } = found;
  const facts = await inspectImageBytes('', bytes, limits);
  if ('path' in facts) return { name, offset, kind: facts.kind, message: facts.message };
  return { name, ...rest, offset, crc: crc32(bytes), facts };
}
