import path from 'node:path';

import { wordsOf } from '../../errors.js';
import { printable } from '../../text/printable.js';
import type { ClassifierEvaluation } from '../../evaluation/evaluate-classifier.js';
import type { Fact } from '../../evaluation/report/report-content.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import { writeReport } from '../../evaluation/report/write-report.js';
import { knownOptions } from './remembered-options.js';
import { modelFacts, softwareFacts } from '../shared/report-facts.js';
import { shellCommand } from '../shared/shell-command.js';
import type { TrainModelOptions } from './train-model-options.js';

/** A training that has ended, with its model evaluated. */
export interface FinishedTraining {
  /** Of the model's version. */
  readonly directory: string;
  readonly options: TrainModelOptions;
  readonly images: Readonly<Record<'train' | 'validation', number>>;
  /** What `history.csv` holds. */
  readonly history: string;
  readonly epochs: number;
  /** From 1. */
  readonly bestEpoch: number;
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly evaluation: ClassifierEvaluation;
  /** What `skipped-images.tsv` holds. */
  readonly skippedList: string;
}

/**
 * Writes the report of a training to `assets.extra/report` in its model's directory, where TensorFlow Serving leaves it alone.
 *
 * @returns The page's path; null where it could not be written, which is told on standard error: the model is there all the same.
 */
export async function writeTrainingReport(training: FinishedTraining): Promise<string | null> {
  try {
    const { directory, evaluation, history, bestEpoch, skippedList } = training;
    const { title, facts } = await modelFacts(directory);
    const { page, notes } = await writeReport(path.join(directory, 'assets.extra', 'report'), {
      title,
      date: new Date(),
      command: trainingCommand(training.options),
      skippedList,
      facts: [{ title: 'Training', rows: trainingFacts(training) }, facts, softwareFacts()],
      training: { history: parseHistory(history), bestEpoch },
      ...evaluation,
    });
    for (const note of notes) process.stderr.write(`note: ${note}\n`);
    return page;
  } catch (error) {
    const reason = printable(wordsOf(error));
    process.stderr.write(`warning: the report could not be written, the model is whole: ${reason}\n`);
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
}: FinishedTraining): Fact[] {
  const { optimizer = 'adam', learningRate, learningRateSchedule = 'constant', batchSize, pretrainedWeights } = options;
  const number = (value: number) => value.toLocaleString('en');
  return [
    [
      'training set',
      `${options.trainDatasetPath}: ${number(images.train)} images, ${number(images.validation)} more for validation`,
    ],
    ['test set', `${options.testDatasetPath}: ${number(evaluation.result.images)} images`],
    ['epochs', `${epochs}${interrupted ? ' (interrupted)' : ''}, the best was ${bestEpoch}`],
    ['time', `${seconds.toFixed(1)} s`],
    ['optimizer', `${optimizer}, learning rate ${learningRate}, ${learningRateSchedule}`],
    ['batch size', String(batchSize)],
    ...(pretrainedWeights === undefined ? [] : [['start', pretrainedWeights] as const]),
    ['seed', String(options.seed)],
  ];
}

/** All flags, also those that were left out: a default may be another one day. Which version it was, and what stood there, is of one run. */
function trainingCommand(options: TrainModelOptions): string {
  return shellCommand('train-model', { ...knownOptions(options), modelVersion: undefined, overwrite: undefined });
}
