import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { findModelType } from '../../models/model-types.js';
import { InterruptedTraining, interruptedVersions, lastWritten } from './interrupted-training.js';
import { LocalLearner } from './local-learner.js';
import { knownOptions, pathOptions, resumedOptions } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import { type TrainModelResult, TrainingRun, type TrainingStart } from './training-run.js';
import { WorkersLearner } from './workers-learner.js';

/**
 * Continues a training that was interrupted, by Ctrl-C or by a crash. It ends with the weights that an uninterrupted one would have had.
 *
 * @param given The options that say which training, and those that are to change; the rest stay as they were.
 * @throws SignetError `INVALID_TRAINING_STATE` when there is none, it is damaged or running, or its images have changed;
 * `INVALID_ARGUMENT` for an option that may not change; and as `trainModel`.
 */
export async function resumeTraining(given: Partial<TrainModelOptions>): Promise<TrainModelResult> {
  const { modelFolderPath = 'models', modelVersion } = given;
  const modelType = given.modelType === undefined ? undefined : (await findModelType(given.modelType)).name;
  const training = await findInterruptedTraining({ modelFolderPath, modelType, modelVersion });
  const where = { modelFolderPath, modelVersion: Number(path.basename(training.directory)) };
  const known = { ...knownOptions(given), ...where };
  const options = resumedOptions(
    { ...training.record.options, exportTraining: undefined },
    known,
    training.folder,
    await untrustedOptions(training),
  );
  if (!training.hasState) process.stderr.write(`${training.folder} has no backup yet: the training begins again\n`);
  const start = startAt(training);
  // A batch keeps as many parts as there were workers at the beginning.
  const { workers: parts } = training.record.options;
  if (parts === undefined) return new TrainingRun(options, new LocalLearner(), start).run();
  const learner = new WorkersLearner(options.workers ?? parts);
  return new TrainingRun({ ...options, workers: parts }, learner, start).run();
}

/**
 * Options of a folder that this user's `train-model` did not write here, which must be given again. Weights are read at the beginning alone.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` for one with symbolic links, through which a training would write elsewhere.
 */
async function untrustedOptions({ record, hasState, folder }: InterruptedTraining): Promise<string[]> {
  if (record.isOwn) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const link = entries.find((entry) => entry.isSymbolicLink());
  if (link || (await lstat(folder)).isSymbolicLink()) {
    const where = link ? path.join(link.parentPath, link.name) : folder;
    throw new SignetError(
      'INVALID_TRAINING_STATE',
      `${where} is a symbolic link in a training that comes from elsewhere, and may lead to any file. Copy the folder without links.`,
    );
  }
  return pathOptions(record.options).filter((name) => !hasState || name !== 'pretrainedWeights');
}

function startAt(training: InterruptedTraining): TrainingStart {
  return {
    ownsVersion: true,
    isFresh: !training.hasState,
    checkImages: (scan) => training.checkImages(scan),
    begin: () => training.takeOver(),
  };
}

/** Which training `--resume` means. */
export interface WantedTraining {
  readonly modelFolderPath: string;
  /** The class's name. Default: any. */
  readonly modelType?: string | undefined;
  /** Default: any. */
  readonly modelVersion?: number | undefined;
}

/**
 * The wanted training that was interrupted last.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` when there is none, or when it is damaged.
 */
export async function findInterruptedTraining(wanted: WantedTraining): Promise<InterruptedTraining> {
  const found = await Promise.all(
    (await candidates(wanted)).map(async (directory) => ({ directory, time: await lastWritten(directory) })),
  );
  const [newest] = found.toSorted((a, b) => b.time - a.time);
  const training = newest && (await InterruptedTraining.find(newest.directory));
  if (training) return training;
  throw nothingToResume(wanted);
}

async function candidates({ modelFolderPath, modelType, modelVersion }: WantedTraining): Promise<string[]> {
  const types = modelType === undefined ? await readdir(modelFolderPath).catch(() => []) : [modelType];
  const directories = types.map(async (type) => {
    const parent = path.join(modelFolderPath, type);
    const versions = await interruptedVersions(parent);
    const wanted = versions.filter((version) => modelVersion === undefined || version === modelVersion);
    return wanted.map((version) => path.join(parent, String(version)));
  });
  return (await Promise.all(directories)).flat();
}

function nothingToResume({ modelFolderPath, modelType, modelVersion }: WantedTraining): SignetError {
  const version = modelVersion === undefined ? '' : ` of version ${modelVersion}`;
  const type = modelType === undefined ? '' : ` of ${modelType}`;
  return new SignetError(
    'INVALID_TRAINING_STATE',
    `There is nothing to resume: ${modelFolderPath} keeps no interrupted training${version}${type}. A training that is done is not kept; ` +
      'give the --model-folder-path, --model-type and --model-version of one that was interrupted, or begin one without --resume.',
  );
}
