import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import type * as tf from '../../tensorflow/tf.js';
import type { ClassificationResult } from '../classification-metrics.js';
import type { Mistake } from '../hardest-mistakes.js';
import { recordedHistory, type TrainingHistory } from './training-history.js';

/** A line of a report's summary. */
export type Fact = readonly [name: string, value: string];

/** A table of a report's summary. */
export interface FactsTable {
  /** Caption of the table. */
  readonly title: string;
  /** Lines of the table, from top to bottom. */
  readonly rows: readonly Fact[];
}

/** Content of a report about a classifier. `evaluateClassifier` gives `result` and `mistakes`. */
export interface ReportContent {
  /** Title of the page, such as `LenetModel, version 3`. */
  readonly title: string;
  /** Metrics over the test images. */
  readonly result: ClassificationResult;
  /** Images that were mistaken, the hardest first. */
  readonly mistakes: readonly Mistake<ImageFile>[];
  /** Mean loss over the test images, if it is not the one of `result`: a training's loss may smooth labels. Default: `result.loss`. */
  readonly loss?: number | undefined;
  /** Training of the model, for its curves. Default: it is not known. */
  readonly training?: ReportedTraining | null | undefined;
  /** Tables that say what was evaluated on which images and with what, in this order. Default: none. */
  readonly facts?: readonly FactsTable[] | undefined;
  /** Command that gives the same result again. Default: none is shown. */
  readonly command?: string | undefined;
  /** Images that were left out, one per line: path, kind and reason, separated by tabs. Default: none. */
  readonly skippedList?: string | undefined;
  /** Whether pictures are shown turned as their EXIF says: as the model got them. Default: `apply`. */
  readonly exif?: ExifHandling | undefined;
  /** Time at which the report was made. Default: now. */
  readonly date?: Date | undefined;
}

/** A training that a report shows. */
export interface ReportedTraining {
  /** Values logged after each epoch, such as the history that `fit` returns. */
  readonly history: tf.History | TrainingHistory;
  /** Epoch whose weights were kept, from 1. Default: it is not marked. */
  readonly bestEpoch?: number | undefined;
}

/** Content of a report with its defaults. */
export interface CompleteReportContent {
  readonly title: string;
  readonly result: ClassificationResult;
  readonly mistakes: readonly Mistake<ImageFile>[];
  readonly loss: number;
  readonly training: { readonly history: TrainingHistory; readonly bestEpoch: number | null } | null;
  readonly facts: readonly FactsTable[];
  readonly command: string;
  readonly skippedList: string;
  readonly exif: ExifHandling;
  readonly date: Date;
}

/** Fills in the defaults. */
export function completeContent(content: ReportContent): CompleteReportContent {
  const { title, result, mistakes, loss = result.loss, training, facts = [] } = content;
  const { command = '', skippedList = '', exif = 'apply', date = new Date() } = content;
  const completed = completeTraining(training);
  return { title, result, mistakes, loss, training: completed, facts, command, skippedList, exif, date };
}

function completeTraining(training: ReportContent['training']): CompleteReportContent['training'] {
  if (!training) return null;
  const { history, bestEpoch = null } = training;
  return { history: 'epochs' in history ? history : recordedHistory(history), bestEpoch };
}
