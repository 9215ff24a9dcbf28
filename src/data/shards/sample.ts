import type { Subset } from '../list/list-row.js';
import type { ProblemKind } from '../image-file/image-problem.js';

/** An image with what is known about it, as it is written to a shard. */
export interface Sample {
  readonly bytes: Uint8Array;
  /** Way from the data set's folder to the file that it was, with `/` between names. */
  readonly name: string;
  /** Positions of its classes. */
  readonly labels: readonly number[];
  /** Names of its classes. */
  readonly texts: readonly string[];
  readonly subset?: Subset | undefined;
  /** As `image/format` has it: `JPEG`, `PNG`. */
  readonly format: string;
  /** Ending of a file of the format, without the point: `jpg`. */
  readonly extension: string;
  readonly width: number;
  readonly height: number;
}

/** An image as it was found in a shard, before it is looked at. */
export interface FoundSample {
  /** Where its bytes begin in the shard. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Its file name where the shard says one; never a path that may be opened. */
  readonly name: string | null;
  /** Numbers, or names, of its classes. */
  readonly labels: readonly (number | string)[];
  /** Names of its classes, in the order of `labels`; empty where the shard does not say them. */
  readonly texts: readonly string[];
  readonly subset: string | null;
}

/** What is wrong with a shard at a place. */
export interface ShardFault {
  /** Where, from the beginning of the shard. */
  readonly offset: number;
  readonly kind: ProblemKind;
  /** Words that continue the place: `has a wrong checksum`. */
  readonly fault: string;
}

/** What a flag says about samples that name their classes in another way than usual. */
export interface SampleOptions {
  /** Feature of a tf.Example, or field of a sample's `.json`, that has the class. Default: see `exampleSample` and `webDatasetSamples`. */
  readonly labelField?: string | undefined;
  /** Whether a list labels the images: then shards need not name their classes, and nobody looks for them. Default: false. */
  readonly areLabelled?: boolean | undefined;
}
