import path from 'node:path';

import * as v from 'valibot';

import type { Fact } from '../../evaluation/report/report-content.js';
import { readJson } from '../../files/read-json.js';
import { hasPublishedWeights } from '../../models/keras/published-weights.js';
import {
  completeOptions,
  type Flag,
  type FlagValue,
  type GivenOptionsOf,
  type OptionsOf,
} from '../shared/flag-table.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';
import { trainModelCommand } from './flags.js';
import { withRecipe } from './recipe.js';

/** Options of `train-model` with every default filled in; `flags.ts` says what each means. */
export interface TrainModelOptions extends OptionsOf<typeof trainModelCommand.flags> {}

/** The options as a caller gives them: `trainDatasetPath` and `testDatasetPath` are required, the rest has the defaults of the command's flags. */
export interface GivenTrainModelOptions extends GivenOptionsOf<typeof trainModelCommand.flags> {}

/**
 * Fills in the defaults, and checks the options before any file is read.
 *
 * @throws SignetError `INVALID_ARGUMENT` that lists every problem.
 */
export function completeTrainModelOptions(given: GivenTrainModelOptions): TrainModelOptions {
  const options = withWeights(completeOptions(trainModelCommand.flags, withRecipe(given)));
  // The size of the images is not known yet.
  if (options.augment !== undefined) parseAugmentation(options.augment, { imageSize: [1, 1], seed: options.seed });
  return options;
}

/** Every backbone that somebody has trained on ImageNet starts from there, as in the Python original, unless the options say something else. */
function withWeights(options: TrainModelOptions): TrainModelOptions {
  const { modelType, pretrainedWeights } = options;
  return pretrainedWeights === undefined && hasPublishedWeights(modelType) ? { ...options, pretrainedWeights: 'imagenet' } : options; // prettier-ignore
}

const flags = Object.entries<Flag>(trainModelCommand.flags);

/** The rows of a training's report for the options whose flag has a name for it, `report`; options that were not given are left out. */
export function reportedArguments(options: TrainModelOptions): Fact[] {
  const values = options as Readonly<Record<string, FlagValue | undefined>>;
  return flags.flatMap(([name, { report }]) => {
    const value = values[name];
    return report === undefined || value === undefined ? [] : [[report, String(value)] as const];
  });
}

/** Some dozens of options. */
const mostBytes = 2 ** 20;

/**
 * Reads the arguments of a training, which its model keeps.
 *
 * @param directory A version's directory, from anybody.
 * @returns Whatever each option is said to have been, by its name; null when the version has no `arguments.json`, or one that cannot be read.
 */
export async function readArguments(directory: string): Promise<Readonly<Record<string, unknown>> | null> {
  const file = path.join(directory, 'assets.extra', 'arguments.json');
  return readJson(file, { mostBytes, schema: v.record(v.string(), v.unknown()) })
    .then((values) => values ?? null)
    .catch(() => null);
}

/**
 * Reads the arguments of a training that `list-models` shows: those whose flag has a heading for it, `list`.
 *
 * @param directory A version's directory, from anybody.
 * @returns Values by heading; none when the version does not say.
 */
export async function readListedArguments(directory: string): Promise<Record<string, string>> {
  const values = (await readArguments(directory)) ?? {};
  const entries = flags.flatMap(([name, { list }]) => {
    const value = values[name];
    const isShown = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return list === undefined || !isShown ? [] : [[list, String(value)] as const];
  });
  return Object.fromEntries(entries);
}
