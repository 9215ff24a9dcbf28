import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ClassificationResult } from '../classification-metrics.js';
import type { Mistake } from '../hardest-mistakes.js';
import type { TrainingHistory } from './training-history.js';

/** A line of a report's summary. */
export type Fact = readonly [name: string, value: string];

/** What a report says about a classifier. */
export interface ReportContent {
  /** Such as `LenetModel, version 3`. */
  readonly title: string;
  readonly date: Date;
  /** What was evaluated on which images, with what; in the order of the report. */
  readonly facts: readonly { readonly title: string; readonly rows: readonly Fact[] }[];
  /** The command that gives the same again. */
  readonly command: string;
  /** How it was trained; null where that is not known. */
  readonly training: {
    readonly history: TrainingHistory;
    /** Number of the epoch, from 1. */
    readonly bestEpoch: number;
  } | null;
  readonly result: ClassificationResult;
  /** Loss of the test images. It may differ from that of `result`: a training's loss may smooth labels. */
  readonly loss: number;
  /** The hardest first. */
  readonly mistakes: readonly Mistake<ImageFile>[];
  /** Images that were left out: a line for each, its path, kind and reason separated by tabs. */
  readonly skippedList: string;
}
