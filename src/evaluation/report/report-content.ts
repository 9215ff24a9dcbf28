import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import type * as tf from '../../tensorflow/tf.js';
import type { BestImage } from '../best-images.js';
import type { ClassificationResult } from '../classification-metrics.js';
import type { Mistake } from '../hardest-mistakes.js';
import { isMultiLabelResult, type MultiLabelResult } from '../multi-label/multi-label-metrics.js';
import type { MultiLabelMistake } from '../multi-label/multi-label-mistakes.js';
import type { EvaluatedEmbeddings } from '../embedding-map/embedding-sample.js';
import type { ExplainFiles } from '../pictures/explain-files.js';
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

/** Evaluation that a report shows: `evaluateClassifier` gives the one kind, `evaluateMultiLabel` the other. */
export type ReportedEvaluation =
  | {
      /** Metrics over the test images. */
      readonly result: ClassificationResult;
      /** Images that were mistaken, the hardest first. */
      readonly mistakes: readonly Mistake<ImageFile>[];
      /** Images of each class that the model was surest of, rightly. Default: none are shown. */
      readonly best?: readonly BestImage<ImageFile>[] | undefined;
      /** Embeddings of test images, for a map; null for a model that has none, which is said. Default: there is no map. */
      readonly embeddings?: EvaluatedEmbeddings | null | undefined;
    }
  | {
      /** Metrics over the test images, which may have several classes. */
      readonly result: MultiLabelResult;
      /** Images with a wrong class, the hardest first. */
      readonly mistakes: readonly MultiLabelMistake<ImageFile>[];
      /** Images of each class that the model was surest of, rightly. Default: none are shown. */
      readonly best?: readonly BestImage<ImageFile>[] | undefined;
      /** Embeddings of test images, for a map; null for a model that has none, which is said. Default: there is no map. */
      readonly embeddings?: EvaluatedEmbeddings | null | undefined;
    };

/** Content of a report about a classifier. */
export type ReportContent = ReportedEvaluation & ReportOptions;

/** Content of a report in addition to the evaluation. */
export interface ReportOptions {
  /** Title of the page, such as `LenetModel, version 3`. */
  readonly title: string;
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
  /** Makes the heat maps that are drawn over images; `explainerOf` creates one from a model. Default: no heat maps. */
  readonly explain?: ExplainFiles | null | undefined;
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

/** Content of a report of either kind of classifier, with its defaults. */
export type CompleteReportContent = OneClassContent | MultiLabelContent;

/** Content of a report about a classifier that gives each image one class. */
export interface OneClassContent extends CompleteOptions {
  readonly kind: 'one class';
  readonly result: ClassificationResult;
  readonly mistakes: readonly Mistake<ImageFile>[];
}

/** Content of a report about a multi-label classifier. */
export interface MultiLabelContent extends CompleteOptions {
  readonly kind: 'multi-label';
  readonly result: MultiLabelResult;
  readonly mistakes: readonly MultiLabelMistake<ImageFile>[];
}

interface CompleteOptions {
  readonly title: string;
  readonly loss: number;
  readonly training: { readonly history: TrainingHistory; readonly bestEpoch: number | null } | null;
  readonly facts: readonly FactsTable[];
  readonly command: string;
  readonly skippedList: string;
  readonly exif: ExifHandling;
  readonly best: readonly BestImage<ImageFile>[];
  /** Null for a model without; undefined where there should be no map. */
  readonly embeddings: EvaluatedEmbeddings | null | undefined;
  readonly explain: ExplainFiles | null;
  readonly date: Date;
}

/** Fills in the defaults. */
export function completeContent(content: ReportContent): CompleteReportContent {
  const { title, loss = content.result.loss, training, facts = [], embeddings } = content;
  const { command = '', skippedList = '', exif = 'apply', best = [], explain = null, date = new Date() } = content;
  const completed = {
    title,
    loss,
    training: completeTraining(training),
    facts,
    command,
    skippedList,
    exif,
    best,
    embeddings,
    explain,
    date,
  };
  // The two kinds of results tell the mistakes apart, which TypeScript does not see.
  return isMultiLabelResult(content.result)
    ? ({ kind: 'multi-label', result: content.result, mistakes: content.mistakes, ...completed } as MultiLabelContent)
    : ({ kind: 'one class', result: content.result, mistakes: content.mistakes, ...completed } as OneClassContent);
}

function completeTraining(training: ReportContent['training']): CompleteReportContent['training'] {
  if (!training) return null;
  const { history, bestEpoch = null } = training;
  return { history: 'epochs' in history ? history : recordedHistory(history), bestEpoch };
}
