import type { TrainModelResult } from './train-model.js';

/** In a clone of the repository the commands are scripts of npm, in a project binaries of the package. */
const evalModel = import.meta.url.endsWith('.ts') ? 'npm run --silent eval-model --' : 'npx eval-model';

/** The closing lines of `train-model`: what came of it, and what to type next. */
export function trainModelText(result: TrainModelResult, testDatasetPath: string): string {
  const rows = [
    ['test accuracy', result.testAccuracy.toFixed(4)],
    ['test loss', result.testLoss.toFixed(4)],
    ['epochs', `${result.epochs}${result.interrupted ? ' (interrupted)' : ''}, the best was ${result.bestEpoch}`],
    ['time', `${result.seconds.toFixed(1)} s`],
    ['model', result.directory],
    ['next', `${evalModel} --test-dataset-path ${quoted(testDatasetPath)} --model-path ${quoted(result.directory)}`],
  ] as const;
  return `\n${rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('')}`;
}

function quoted(argument: string): string {
  return /^[\w./@:+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
