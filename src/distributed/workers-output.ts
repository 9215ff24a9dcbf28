import { existsSync } from 'node:fs';
import path from 'node:path';

import * as v from 'valibot';

import { SignetError } from '../errors.js';
import { readJson } from '../files/read-json.js';
import { readWorkersState, type WorkersState } from './workers-state.js';

/** Results of workers: the `--output` of deploy/distributed/worker.py, and the state next to it. */
export interface WorkersOutput<Options> {
  /** The model; does not exist before the training is done. */
  readonly output: string;
  /** `OUTPUT.training`. */
  readonly folder: string;
  readonly state: WorkersState;
  /** The content of `arguments.json`: how the export was made. */
  readonly options: Options;
}

/**
 * Reads what `--resume-from` names.
 *
 * @param directory OUTPUT or `OUTPUT.training`.
 * @param parseOptions Checks the content of `arguments.json`.
 * @throws SignetError `INVALID_TRAINING_STATE` when a part of it is missing or damaged; and what `parseOptions` throws.
 */
export async function readWorkersOutput<Options>(
  directory: string,
  parseOptions: (content: unknown, file: string) => Options,
): Promise<WorkersOutput<Options>> {
  const output = path
    .normalize(directory)
    .replace(/(?<=[^/\\])[/\\]+$/, '')
    .replace(/\.training$/, '');
  const folder = `${output}.training`;
  const state = await readWorkersState(folder);
  if (!state) throw missing(output, folder);
  const file = argumentsFile(output, folder);
  return { output, folder, state, options: parseOptions(await readArguments(file), file) };
}

/** Workers put a copy next to their state; otherwise it is with the model. */
function argumentsFile(output: string, folder: string): string {
  const files = [path.join(folder, 'arguments.json'), path.join(output, 'assets.extra', 'arguments.json')];
  const file = files.find((each) => existsSync(each));
  if (file !== undefined) return file;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `${folder} has no arguments.json, which says how the model was made. train-model --export-training writes it into the export. ` +
      'Continue the training of a program that calls exportTraining with worker.py.',
  );
}

/** Maximum size in bytes, for a few dozen options. */
const mostBytes = 2 ** 20;

function readArguments(file: string): Promise<unknown> {
  const error = (problem: string, cause: unknown) =>
    new SignetError('INVALID_TRAINING_STATE', `${file} is damaged: ${problem}. Copy its folder again.`, { cause });
  return readJson(file, { mostBytes, schema: v.unknown(), error });
}

function missing(output: string, folder: string): SignetError {
  const weights = existsSync(path.join(output, 'saved_model.pb'))
    ? ` --pretrained-weights ${output} takes the weights of the model, without the state of its optimizer.`
    : '';
  return new SignetError(
    'INVALID_TRAINING_STATE',
    `There is nothing to resume from: ${path.join(folder, 'last')} is missing, which worker.py writes after every epoch. Give the --output of ` +
      `worker.py, and keep the folder ${path.basename(folder)} next to it.${weights}`,
  );
}
