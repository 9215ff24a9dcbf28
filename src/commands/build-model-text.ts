import type { BuildModelResult } from './build-model.js';

/** In a clone of the repository the commands are scripts of npm, in a project binaries of the package. */
const serveModel = import.meta.url.endsWith('.ts') ? 'npm run --silent serve-model --' : 'npx serve-model';

/** The closing lines of `build-model`: what was written, and what to type next. */
export function buildModelText(result: BuildModelResult, modelFolder: string): string {
  const [height, width] = result.imageSize;
  const rows = [
    ['model', result.directory],
    ['classes', String(result.classes)],
    ['parameters', result.parameters.toLocaleString('en')],
    ['images', `resized to ${height} x ${width}`],
    ['next', `${serveModel} --model-folder ${quoted(modelFolder)}`],
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('');
}

function quoted(argument: string): string {
  return /^[\w./@:+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
