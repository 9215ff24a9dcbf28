import type { Subset } from '../list/list-row.js';
import type { ProblemKind } from '../image-file/image-problem.js';

/** An image with what is known about it, as it is written to a shard. */
export interface Sample {
  readonly bytes: Uint8Array;
  /** Path of the original file within the data set's folder, with `/` between names. */
  readonly name: string;
  /** Positions of its classes. */
  readonly labels: readonly number[];
  /** Names of its classes. */
  readonly texts: readonly string[];
  readonly subset?: Subset | undefined;
  /** Value of `image/format`: `JPEG`, `PNG`. */
  readonly format: string;
  /** Ending of a file of the format, without the point: `jpg`. */
  readonly extension: string;
  readonly width: number;
  readonly height: number;
}

/** An image as it was found in a shard, before it is inspected. */
export interface FoundSample {
  /** Offset of its bytes in the shard. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Its file name if the shard has one; never a path that may be opened. */
  readonly name: string | null;
  /** Numbers, or names, of its classes. */
  readonly labels: readonly (number | string)[];
  /** Names of its classes, in the order of `labels`; empty if the shard does not have them. */
  readonly texts: readonly string[];
  readonly subset: string | null;
}

/** A fault at a position in a shard. */
export interface ShardFault {
  /** Offset from the beginning of the shard. */
  readonly offset: number;
  readonly kind: ProblemKind;
  /** Words that follow the position: `has a wrong checksum`. */
  readonly fault: string;
}

/** Options for samples that do not name their classes in the usual way. */
export interface SampleOptions {
  /** Feature of a tf.Example, or field of a sample's `.json`, that has the class. Default: see `exampleSample` and `webDatasetSamples`. */
  readonly labelField?: string | undefined;
  /** Whether a list labels the images: then shards need not name their classes, which are not read. Default: false. */
  readonly areLabelled?: boolean | undefined;
}
