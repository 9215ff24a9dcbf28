import { shellCommand } from '../shared/shell-command.js';
import { terminalLink } from '../../text/terminal-link.js';
import type { TrainModelResult } from './run.js';

/** The closing lines of `train-model`: what came of it, where it is told, and what to type next. */
export function trainModelText(result: TrainModelResult): string {
  const { test, bestEpoch, directory, report, resume, testDatasetPath } = result;
  const rows = [
    ...(test
      ? [
          ['test accuracy', test.accuracy.toFixed(4)],
          ['test loss', test.loss.toFixed(4)],
        ]
      : []),
    [
      'epochs',
      `${result.epochs}${result.interrupted ? ' (interrupted)' : ''}${bestEpoch === null ? '' : `, the best was ${bestEpoch}`}`,
    ],
    ['time', `${result.seconds.toFixed(1)} s`],
    ['model', bestEpoch === null ? 'none was saved yet' : directory],
    ...(report === null ? [] : [['report', terminalLink(report)]]),
    ...(resume ? [['go on', shellCommand('train-model', resume)]] : []),
    ...(bestEpoch === null ? [] : [['next', shellCommand('eval-model', { testDatasetPath, modelPath: directory })]]),
  ] as const;
  return `\n${rows.map(([name = '', value]) => `${name.padEnd(14)} ${value}\n`).join('')}`;
}
