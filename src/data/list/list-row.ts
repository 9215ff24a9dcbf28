/** Part of a data set that an image belongs to, if a list says so. */
export type Subset = 'training' | 'validation' | 'test';

/** Parts of a data set by the words that lists and shards use for them. */
export const subsetWords: ReadonlyMap<unknown, Subset> = new Map<string, Subset>([
  ...(['train', 'training'] as const).map((word) => [word, 'training'] as const),
  ...(['val', 'valid', 'validation'] as const).map((word) => [word, 'validation'] as const),
  ['test', 'test'],
]);

/** One row of a list as it was read, before it is checked. */
export interface RawRow {
  /** Line of the file on which it ends, from 1. */
  readonly line: number;
  readonly path: unknown;
  /** Name of the class, or the names of several, which may be none. */
  readonly label: unknown;
  /** Undefined if the list has no such column. */
  readonly split: unknown;
  /** Shards that hold the image, if it is not a separate file; see `listText`. */
  readonly shards?: unknown;
}

/** Content of a list of images, as read from its format. */
export interface RawList {
  readonly rows: readonly RawRow[];
  /** Names of the classes, in order, if columns name them; null if rows do. */
  readonly classNames: readonly string[] | null;
  /** Faults of lines that could not become rows. */
  readonly faults: readonly ListFault[];
  /** Sentences about what was left out. */
  readonly notes: readonly string[];
}

/** A fault in a line of a list. */
export interface ListFault {
  /** Number of the line, from 1. */
  readonly line: number;
  readonly message: string;
}

/** Limits for a list, which may come from anybody: characters of a line, rows, and faults that are collected. */
export const listLimits = { bytes: 128 * 2 ** 20, lineLength: 2 ** 20, rows: 5_000_000, faults: 1000 } as const;
