import path from 'node:path';

import { SignetError } from '../../errors.js';
import { jsonText } from '../../text/printable.js';
import { flagOf } from '../shared/check-numbers.js';
import type { TrainModelOptions } from './train-model-options.js';

type Name = keyof TrainModelOptions;

/** What a resumed training may have otherwise, and why. */
const mayDiffer: Readonly<Partial<Record<Name, string>>> = {
  trainDatasetPath: 'the images are compared',
  testDatasetPath: 'nothing is learnt from it',
  modelFolderPath: 'it is where the training was found',
  modelType: 'the name of its class is where the training was found',
  modelVersion: 'likewise',
  numEpochs: 'a training may go on for longer; compared where the learning rate depends on it',
  patience: 'it may wait for longer',
  jit: 'the weights then differ in rounding',
  overwrite: 'the version is the training itself',
  onBadImage: 'a bad image may have been why it ended',
  cache: 'only memory',
  tensorboard: 'only what is shown',
  callbacks: 'code that nobody can compare',
  backupSteps: 'only when the next backup is made',
  workers: 'they share the parts of a batch; compared with how many parts there are',
};

/** Files whose code is run: a file beside the models is not to say which. */
const isCode: Readonly<Partial<Record<Name, (value: string) => boolean>>> = {
  modelType: (value) => value.includes('#'),
  callbacks: () => true,
};

const types: Readonly<Record<Name, 'string' | 'number' | 'boolean'>> = {
  trainDatasetPath: 'string',
  testDatasetPath: 'string',
  modelFolderPath: 'string',
  modelType: 'string',
  modelVersion: 'number',
  inputWidth: 'number',
  inputHeight: 'number',
  pretrainedWeights: 'string',
  batchSize: 'number',
  numEpochs: 'number',
  patience: 'number',
  learningRate: 'number',
  validationSplit: 'number',
  jit: 'string',
  seed: 'number',
  overwrite: 'boolean',
  onBadImage: 'string',
  cache: 'number',
  classWeights: 'string',
  tensorboard: 'string',
  callbacks: 'string',
  backupSteps: 'number',
  augment: 'string',
  exportTraining: 'string',
  workers: 'number',
  optimizer: 'string',
  momentum: 'number',
  learningRateSchedule: 'string',
  warmupEpochs: 'number',
  weightDecay: 'number',
  clipNorm: 'number',
  gradientAccumulationSteps: 'number',
  labelSmoothing: 'number',
  freezeBackbone: 'boolean',
  fineTuneFrom: 'string',
  freezeBatchNormalization: 'boolean',
  dropout: 'number',
  alpha: 'number',
};

/** Options that only say where something is: as a resumed training finds it from another folder. */
const paths = ['trainDatasetPath', 'testDatasetPath', 'tensorboard'] as const;

/** The options alone, without what a parser of a command line adds to them. */
export function knownOptions(options: Partial<TrainModelOptions>): Partial<TrainModelOptions> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(types, name)));
}

/** The options for people, as `arguments.json` beside a model. */
export function argumentsJson(options: TrainModelOptions): string {
  return `${JSON.stringify(knownOptions(options), null, 2)}\n`;
}

/** The options as they are kept for `--resume`. */
export function optionsToRemember(options: TrainModelOptions): Partial<TrainModelOptions> {
  const resolved = paths.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [[name, path.resolve(value)] as const];
  });
  return { ...knownOptions(options), ...Object.fromEntries(resolved) };
}

/** Those that have no default. */
const required: readonly Name[] = [
  ...(['trainDatasetPath', 'testDatasetPath', 'modelFolderPath', 'modelType', 'batchSize', 'numEpochs'] as const),
  ...(['patience', 'learningRate', 'validationSplit', 'seed', 'overwrite', 'onBadImage', 'cache'] as const),
];

/** Options that were kept. @param value From a file. @throws SignetError `INVALID_TRAINING_STATE` for what is none. */
export function parseRememberedOptions(value: unknown, file: string): Partial<TrainModelOptions> {
  const entries = Object.entries(typeof value === 'object' ? (value ?? {}) : {});
  for (const [name, each] of entries) {
    const type = Object.hasOwn(types, name) ? types[name as Name] : 'an option that this version of Signet has';
    if (typeof each === type) continue;
    throw new SignetError(
      'INVALID_TRAINING_STATE',
      `${file} says ${jsonText(name)} is ${jsonText(each)}. Expected: ${type}. Begin the training anew, without --resume.`,
    );
  }
  const options = Object.fromEntries(entries) as Partial<TrainModelOptions>;
  const missing = required.find((name) => options[name] === undefined);
  if (missing === undefined) return options;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `${file} lacks ${missing}. Begin the training anew, without --resume.`,
  );
}

/**
 * The options of a training that goes on: those that were given, and for the rest those that it had.
 *
 * @param training What messages call it.
 * @throws SignetError `INVALID_ARGUMENT` that names every option that may not differ and does.
 */
export function resumedOptions(
  remembered: Partial<TrainModelOptions>,
  given: Partial<TrainModelOptions>,
  training: string,
): TrainModelOptions {
  const names = new Set([...Object.keys(remembered), ...Object.keys(given)]) as Set<Name>;
  const problems = [...names].flatMap((name) => problemOf(name, remembered, given, training));
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
  return { ...remembered, ...given } as TrainModelOptions;
}

function problemOf(
  name: Name,
  remembered: Partial<TrainModelOptions>,
  given: Partial<TrainModelOptions>,
  training: string,
): string[] {
  const [before, now] = [remembered[name], given[name]];
  if (now === undefined) {
    if (typeof before !== 'string' || !isCode[name]?.(before)) return [];
    return [
      `${flagOf(name)} was ${jsonText(before)} in ${training}. Give it again: what code is run is not taken from a file.`,
    ];
  }
  if (isSame(name, before, now)) return [];
  if (name === 'workers' && typeof before === 'number') return workersProblem(before, now, training);
  if (mayDiffer[name] !== undefined && !isCompared(name, remembered)) return [];
  return [
    `${flagOf(name)} was ${before === undefined ? 'not given' : jsonText(before)} in ${training}, which goes on with the same. ` +
      `Received: ${jsonText(now)}. Leave it out, or begin anew without --resume.`,
  ];
}

/** Of a training by workers each takes one part of a batch or more, and there are as many parts as there were workers at its beginning. */
function workersProblem(parts: number, now: unknown, training: string): string[] {
  if (Number.isSafeInteger(now) && Number(now) >= 1 && Number(now) <= parts) return [];
  return [
    `--workers was ${parts} in ${training}: a batch has so many parts, of which each worker takes one or more. Received: ${jsonText(now)}.`,
  ];
}

/** Whether an option that may differ may not do so here. */
function isCompared(name: Name, remembered: Partial<TrainModelOptions>): boolean {
  return name === 'workers' || (name === 'numEpochs' && dependsOnEpochs(remembered));
}

function dependsOnEpochs({ learningRateSchedule = 'constant' }: Partial<TrainModelOptions>): boolean {
  return !['constant', 'plateau'].includes(learningRateSchedule);
}

function isSame(name: Name, before: unknown, now: unknown): boolean {
  if (before === now) return true;
  const isPath = name === 'pretrainedWeights' && typeof before === 'string' && typeof now === 'string';
  return isPath && path.resolve(before) === path.resolve(now);
}
