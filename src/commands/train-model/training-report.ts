import path from 'node:path';

import { wordsOf } from '../../errors.js';
import { printable } from '../../text/printable.js';
import type { ClassifierEvaluation } from '../../evaluation/evaluate-classifier.js';
import type { MultiLabelEvaluation } from '../../evaluation/multi-label/evaluate-multi-label.js';
import type { Fact } from '../../evaluation/report/report-content.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import { explainerOf } from '../../evaluation/pictures/explain-files.js';
import { writeReport } from '../../evaluation/report/write-report.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { shownOptions } from './remembered-options.js';
import { modelFacts, softwareFacts } from '../shared/report-facts.js';
import { separateTestSource, trainingSource } from '../shared/dataset-sources.js';
import { isEpochFlag } from './recipe.js';
import { shellCommand } from '../shared/shell-command.js';
import { reportedArguments, type TrainModelOptions } from './train-model-options.js';
import type { ImageCounts } from './training-data.js';
import { tell } from '../../text/tell.js';

/** Evaluation of a trained model of either kind. */
export type TrainedEvaluation =
  (ClassifierEvaluation & { readonly isMultiLabel: false }) | (MultiLabelEvaluation & { readonly isMultiLabel: true });

/** A training that has ended, with its model evaluated. */
export interface FinishedTraining {
  /** The version directory. */
  readonly directory: string;
  /** The trained model, with the weights of its best epoch. */
  readonly model: ImageClassifierModel;
  readonly options: TrainModelOptions;
  readonly images: ImageCounts;
  /** The text of `history.csv`. */
  readonly history: string;
  readonly epochs: number;
  /** The best epoch, from 1. */
  readonly bestEpoch: number;
  readonly interrupted: boolean;
  /** Rows about its stages. Default: it has none. */
  readonly stages?: readonly Fact[] | undefined;
  /** Duration of the run in seconds. */
  readonly seconds: number;
  readonly evaluation: TrainedEvaluation;
  /** The text of `skipped-images.tsv`. */
  readonly skippedList: string;
  /** Sentences about images with the same bytes. */
  readonly duplicates: readonly string[];
  /** Rows about what the confidence means. */
  readonly confidence: readonly Fact[];
}

/**
 * Writes the report of a training to `assets.extra/report` in its model's directory, which TensorFlow Serving ignores.
 *
 * @returns The page's path; null if it could not be written, which standard error reports: the model is there all the same.
 */
export async function writeTrainingReport(training: FinishedTraining): Promise<string | null> {
  try {
    const { directory, evaluation, history, bestEpoch, skippedList } = training;
    const { title, facts, exif } = await modelFacts(directory);
    const { page, notes } = await writeReport(path.join(directory, 'assets.extra', 'report'), {
      title,
      date: new Date(),
      command: trainingCommand(training.options),
      skippedList,
      exif,
      facts: [{ title: 'Training', rows: trainingFacts(training) }, facts, softwareFacts()],
      training: { history: parseHistory(history), bestEpoch },
      ...evaluation,
      explain: explainerOf(training.model),
    });
    for (const note of notes) tell(`note: ${note}`);
    return page;
  } catch (error) {
    const reason = printable(wordsOf(error));
    tell(`warning: the report could not be written, the model is whole: ${reason}`);
    return null;
  }
}

function trainingFacts({
  options,
  images,
  epochs,
  bestEpoch,
  interrupted,
  seconds,
  evaluation,
  duplicates,
  stages = [],
  confidence,
}: FinishedTraining): Fact[] {
  const { optimizer, learningRate, learningRateSchedule, recipe } = options;
  const byEpochs: Fact[] =
    recipe === 'head' ? [] : [['optimizer', `${optimizer}, learning rate ${learningRate}, ${learningRateSchedule}`]];
  const source = trainingSource(options).name;
  const number = (value: number) => value.toLocaleString('en');
  return [
    ['training set', `${source}: ${number(images.train)} images, ${number(images.validation)} more for validation`],
    [
      'test set',
      `${separateTestSource(options)?.name ?? `${source}, others`}: ${number(evaluation.result.images)} images`,
    ],
    ...duplicates.map((note): Fact => ['same bytes', note]),
    ['epochs', `${epochs}${interrupted ? ' (interrupted)' : ''}, the best was ${bestEpoch}`],
    ['time', `${seconds.toFixed(1)} s`],
    ...byEpochs,
    ...(recipe === undefined || recipe === 'none' ? [] : [['recipe', recipe] as const]),
    ...stages,
    ...confidence,
    ...reportedArguments(options),
  ];
}

/** The command with all flags, even those that were left out: a default may change. The version and `--overwrite` are about one run only. */
function trainingCommand(options: TrainModelOptions): string {
  const known = Object.entries(shownOptions(options)).filter(
    ([name]) => options.recipe !== 'head' || !isEpochFlag(name),
  );
  return shellCommand('train-model', { ...Object.fromEntries(known), modelVersion: undefined, overwrite: undefined });
}
