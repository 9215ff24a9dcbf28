import path from 'node:path';

import { SignetError } from '../../errors.js';
import { resolveLocation, withoutQuery } from '../../data/remote/location.js';
import { jsonText } from '../../text/printable.js';
import { type Flag, flagName, type FlagTable, type FlagValue, type OnResume } from '../shared/flag-table.js';
import { trainModelCommand } from './flags.js';
import type { TrainModelOptions } from './train-model-options.js';

type AnyOptions = Readonly<Record<string, FlagValue | undefined>>;

/** The flags that are options of a training, without the flags that concern the command line alone. */
const optionFlags: FlagTable = Object.fromEntries(
  Object.entries<Flag>(trainModelCommand.flags).filter(([, { commandOnly }]) => !commandOnly),
);

/** The options alone, without other properties that a caller's object has. */
export function knownOptions(options: Partial<TrainModelOptions>): Partial<TrainModelOptions> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(optionFlags, name)));
}

/** The options for people, as `arguments.json` in a model's `assets.extra`. */
export function argumentsJson(options: TrainModelOptions): string {
  return `${JSON.stringify(shownOptions(options), null, 2)}\n`;
}

/** The options as they go with a model: an address without its query, which may hold a signature. */
export function shownOptions(options: TrainModelOptions): Partial<TrainModelOptions> {
  const entries = Object.entries(knownOptions(options));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? withoutQuery(value) : value]),
  );
}

/**
 * Returns the options as they are kept for `--resume`, which may be typed in another folder: paths are absolute.
 *
 * @param directory The version directory, whose number the options then have.
 */
export function optionsToRemember(options: TrainModelOptions, directory: string): Partial<TrainModelOptions> {
  const known = { ...knownOptions(options), modelVersion: Number(path.basename(directory)) };
  const entries = Object.entries(known).map(([name, value]) => [name, absolute(name, value)] as const);
  return Object.fromEntries(entries);
}

function absolute<Value>(name: string, value: Value): Value | string {
  const flag = optionFlags[name];
  return flag?.type === 'path' && typeof value === 'string' && !flag.words?.includes(value)
    ? resolveLocation(value)
    : value;
}

/**
 * Options that were kept.
 *
 * @param value Read from a file.
 * @throws SignetError `INVALID_TRAINING_STATE` for anything else.
 */
export function parseRememberedOptions(value: unknown, file: string): Partial<TrainModelOptions> {
  const entries = Object.entries(typeof value === 'object' ? (value ?? {}) : {});
  for (const [name, each] of entries) {
    const flag = Object.hasOwn(optionFlags, name) ? optionFlags[name] : undefined;
    const type = flag ? jsonType(flag) : 'an option that this version of Signet has';
    if (typeof each === type) continue;
    throw damaged(`${file} says ${jsonText(name)} is ${jsonText(each)}. Expected: ${type}.`);
  }
  const options = Object.fromEntries(entries) as AnyOptions;
  const missing = Object.keys(optionFlags).find((name) => options[name] === undefined && isNeeded(name));
  if (missing !== undefined) throw damaged(`${file} lacks ${missing}.`);
  return options;
}

function jsonType({ type }: Flag): string {
  if (type === 'number' || type === 'integer') return 'number';
  return type === 'boolean' ? type : 'string';
}

/** Whether a training cannot be resumed without knowing what the option was. */
function isNeeded(name: string): boolean {
  const flag = optionFlags[name];
  if (flag?.required) return true;
  return flag?.default !== undefined && (flag.onResume ?? 'must be the same') === 'must be the same';
}

function damaged(what: string): SignetError {
  return new SignetError('INVALID_TRAINING_STATE', `${what} Begin the training again, without --resume.`);
}

/**
 * Names of the options that are paths to files, besides the folder in which the training was found. A folder from elsewhere could have
 * them read, or written to, anywhere.
 */
export function pathOptions(options: Partial<TrainModelOptions>): string[] {
  return Object.entries(options as AnyOptions).flatMap(([name, value]) => {
    const flag = optionFlags[name];
    const isPath = flag?.type === 'path' && typeof value === 'string' && !flag.words?.includes(value);
    return isPath && name !== 'modelFolderPath' ? [name] : [];
  });
}

/**
 * The options of a resumed training: the given ones, and its earlier values for the rest.
 *
 * @param training What messages call it.
 * @param untrusted Names of options that must be given again, since they come from elsewhere. Default: none.
 * @throws SignetError `INVALID_ARGUMENT` that names every option that may not differ and does.
 */
export function resumedOptions(
  remembered: Partial<TrainModelOptions>,
  given: Partial<TrainModelOptions>,
  training: string,
  untrusted: readonly string[] = [],
): TrainModelOptions {
  const names = new Set([...Object.keys(remembered), ...Object.keys(given)]);
  const problems = [...names].flatMap((name) => [
    ...problemOf(name, remembered as AnyOptions, given as AnyOptions, training),
    ...(untrusted.includes(name) ? pathProblem(name, remembered as AnyOptions, given as AnyOptions, training) : []),
  ]);
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
  return { ...remembered, ...given } as TrainModelOptions;
}

function problemOf(name: string, remembered: AnyOptions, given: AnyOptions, training: string): string[] {
  const [before, now] = [remembered[name], given[name]];
  const rule = ruleOf(name, remembered);
  if (now === undefined) {
    if (before === undefined || rule !== 'given again') return [];
    return [
      `${flagName(name)} was ${jsonText(before)} in ${training}. Give it again: which code runs is not taken from a file.`,
    ];
  }
  if (rule === 'may differ' || rule === 'given again' || absolute(name, before) === absolute(name, now)) return [];
  if (rule === 'may be fewer' && typeof before === 'number') return fewerProblem(name, before, now, training);
  return [
    `${flagName(name)} was ${before === undefined ? 'not given' : jsonText(before)} in ${training}, which continues with the same. ` +
      `Received: ${jsonText(now)}. Leave it out, or begin again without --resume.`,
  ];
}

/** Returns the problem with a path that is not given again. Options that say which code runs have a message of their own. */
function pathProblem(name: string, remembered: AnyOptions, given: AnyOptions, training: string): string[] {
  const before = remembered[name];
  if (before === undefined || given[name] !== undefined || ruleOf(name, remembered) === 'given again') return [];
  return [
    `${flagName(name)} was ${jsonText(before)} in ${training}. Give it again: ${training} comes from elsewhere, and its paths may lead to any file.`,
  ];
}

function ruleOf(name: string, remembered: AnyOptions): OnResume {
  const { onResume = 'must be the same' } = optionFlags[name] ?? {};
  if (typeof onResume !== 'function') return onResume;
  const before = remembered[name];
  return before === undefined ? 'may differ' : onResume(before as never, remembered);
}

/** A batch stays split into as many parts as there were workers at the start; each worker takes one or more. */
function fewerProblem(name: string, before: number, now: FlagValue, training: string): string[] {
  if (Number.isSafeInteger(now) && Number(now) >= 1 && Number(now) <= before) return [];
  return [
    `${flagName(name)} was ${before} in ${training}: a batch is split into that many parts, and each worker takes one or more. Received: ${jsonText(now)}.`,
  ];
}
