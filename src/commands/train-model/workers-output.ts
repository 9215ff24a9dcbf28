import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { readWorkersState, type WorkersState } from '../../distributed/workers-state.js';
import { parseRememberedOptions } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';

/** What workers have come to: the `--output` of deploy/distributed/worker.py, with the state beside it. */
export interface WorkersOutput {
  /** The model; not there before the training is done. */
  readonly output: string;
  /** `OUTPUT.training`. */
  readonly folder: string;
  readonly state: WorkersState;
  /** What `train-model --export-training` was given, without where to. */
  readonly options: Partial<TrainModelOptions>;
}

/**
 * Reads what `--resume-from` names.
 *
 * @param directory OUTPUT or `OUTPUT.training`.
 * @throws SignetError `INVALID_TRAINING_STATE` when a part of it is missing or damaged.
 */
export async function readWorkersOutput(directory: string): Promise<WorkersOutput> {
  const output = path
    .normalize(directory)
    .replace(/(?<=[^/\\])[/\\]+$/, '')
    .replace(/\.training$/, '');
  const folder = `${output}.training`;
  const state = await readWorkersState(folder);
  if (!state) throw missing(output, folder);
  return { output, folder, state, options: await readArguments(output, folder) };
}

/** Some dozens of options. */
const argumentsLimit = 2 ** 20;

/** Beside the state, where workers put a copy, else beside the model. */
async function readArguments(output: string, folder: string): Promise<Partial<TrainModelOptions>> {
  const files = [path.join(folder, 'arguments.json'), path.join(output, 'assets.extra', 'arguments.json')];
  const file = files.find((each) => existsSync(each));
  if (file === undefined) {
    throw new SignetError(
      'INVALID_TRAINING_STATE',
      `${folder} has no arguments.json, which says how the model was made: it is there when train-model --export-training has written the export. ` +
        'A program that calls exportTraining goes on with worker.py.',
    );
  }
  const { size } = await stat(file);
  const options = parseRememberedOptions(size > argumentsLimit ? null : parse(await readFile(file, 'utf8')), file);
  // Where the export went is not where the model goes; what no export has, a file that was handed over is not to bring in.
  return {
    ...options,
    exportTraining: undefined,
    workers: undefined,
    modelVersion: undefined,
    modelFolderPath: 'models',
    overwrite: false,
    callbacks: undefined,
    tensorboard: undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function missing(output: string, folder: string): SignetError {
  const weights = existsSync(path.join(output, 'saved_model.pb'))
    ? ` --pretrained-weights ${output} takes the weights of the model, without the state of its optimizer.`
    : '';
  return new SignetError(
    'INVALID_TRAINING_STATE',
    `There is nothing to go on with: ${path.join(folder, 'last')} is missing, which worker.py writes after every epoch. Give the --output of ` +
      `worker.py, with the folder ${path.basename(folder)} still beside it.${weights}`,
  );
}
