import { terminalLink } from '../../text/terminal-link.js';
import { shellCommand } from '../shared/shell-command.js';
import type { ExportedTraining } from './run.js';
import type { TrainModelResult } from './training-run.js';

type Row = readonly [name: string, value: string];

/** The closing lines of `train-model`: the result, where its report is, and what to type next. */
export function trainModelText(result: TrainModelResult): string {
  const { bestEpoch, directory, report, resume, testDatasetPath, testList } = result;
  return rowsText([
    ...metricsRows(result),
    // Where there is advice, the head alone was trained, which has no epochs.
    ...(result.advice === undefined ? [['epochs', epochsText(result)] as const] : []),
    ['time', `${result.seconds.toFixed(1)} s`],
    ['model', bestEpoch === null ? 'none was saved yet' : directory],
    ...(report === null ? [] : [['report', terminalLink(report)] as const]),
    ...(result.advice === undefined ? [] : [['to try', result.advice] as const]),
    ...(resume ? [['continue', shellCommand('train-model', resume)] as const] : []),
    ...(bestEpoch === null
      ? []
      : [['next', shellCommand('eval-model', { testDatasetPath, testList, modelPath: directory })] as const]),
  ]);
}

/** The closing lines of `train-model --export-training`: what there is, and what to run on every machine. */
export function exportTrainingText({ directory, images }: ExportedTraining): string {
  return rowsText([
    ['images', `${images.train} to train on, ${images.validation} for the validation`],
    ['model', `${directory}, not trained`],
    ['next', `python deploy/distributed/worker.py, on every machine: docs/distributed-training.md`],
  ]);
}

/** How many epochs there were, which was the best, and whether they were all. */
function epochsText({ epochs, interrupted, bestEpoch }: TrainModelResult): string {
  return `${epochs}${interrupted ? ' (interrupted)' : ''}${bestEpoch === null ? '' : `, the best was ${bestEpoch}`}`;
}

function metricsRows({ test }: TrainModelResult): Row[] {
  if (!test) return [];
  const { meanAveragePrecision } = test;
  return [
    // Where most answers are "no", their accuracy says little.
    meanAveragePrecision === undefined
      ? ['test accuracy', test.accuracy.toFixed(4)]
      : ['test mAP', meanAveragePrecision?.toFixed(4) ?? '–'],
    ['test loss', test.loss.toFixed(4)],
  ];
}

function rowsText(rows: readonly Row[]): string {
  return `\n${rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('')}`;
}
