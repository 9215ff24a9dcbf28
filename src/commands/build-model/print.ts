import type { BuildModelResult } from './run.js';
import { shellCommand } from '../shared/shell-command.js';

/** The closing lines of `build-model`: what was written, and what to type next. */
export function buildModelText(result: BuildModelResult, modelFolder: string): string {
  const [height, width] = result.imageSize;
  const rows = [
    ['model', result.directory],
    ['classes', result.multiLabel ? `${result.classes}, of which an image may have several` : String(result.classes)],
    ['parameters', result.parameters.toLocaleString('en')],
    ['images', `resized to ${height} x ${width}`],
    ['next', shellCommand('serve-model', { modelFolder })],
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('');
}
