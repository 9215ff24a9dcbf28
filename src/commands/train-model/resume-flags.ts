import type { ShellFlags } from '../shared/shell-command.js';
import type { TrainModelOptions } from './train-model-options.js';

/** What goes on with a training: the rest is remembered. */
export function resumeFlags(
  { modelFolderPath, modelType, callbacks }: TrainModelOptions,
  modelVersion: string,
): ShellFlags {
  return { resume: true, modelFolderPath, modelType, modelVersion, callbacks };
}
