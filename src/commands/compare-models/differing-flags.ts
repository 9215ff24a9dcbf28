import type { Pair } from '../../evaluation/comparison/comparable-images.js';
import { type Flag, flagName } from '../shared/flag-table.js';
import { trainModelCommand } from '../train-model/flags.js';
import { readArguments } from '../train-model/train-model-options.js';

/** A flag that was not the same in two trainings. */
export interface DifferingFlag {
  /** The flag, such as `--learning-rate`. */
  readonly flag: string;
  /** Its values; null where it was not given and has no default. */
  readonly values: Pair<string | null>;
}

/** Flags that say where a model and its logs go, which changes nothing in it. */
const places: ReadonlySet<string> = new Set(['modelFolderPath', 'modelVersion', 'overwrite', 'tensorboard']);

/**
 * Lists the flags of `train-model` that differ between the trainings of two models, in the order of `--help`.
 *
 * @param directories Versions' directories, from anybody.
 * @returns Null where one of them does not say how it was trained.
 */
export async function differingFlags(directories: Pair<string>): Promise<DifferingFlag[] | null> {
  const [first, second] = await Promise.all(directories.map(readArguments));
  if (!first || !second) return null;
  return Object.entries<Flag>(trainModelCommand.flags).flatMap(([name, { commandOnly }]) => {
    const values = [textOf(first[name]), textOf(second[name])] as const;
    if (commandOnly || places.has(name) || values[0] === values[1]) return [];
    return [{ flag: flagName(name), values }];
  });
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
