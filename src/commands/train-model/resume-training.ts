import { existsSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

import { imagePathsDigest } from '../../data/scan/fingerprint-images.js';
import { type ImageScan, nameOfScan } from '../../data/scan/image-scan.js';
import { withWorkersBackup } from '../../distributed/workers-backup.js';
import { readWorkersOutput, type WorkersOutput } from '../../distributed/workers-output.js';
import { SignetError } from '../../errors.js';
import { findModelType } from '../../models/model-types.js';
import { findInterruptedTraining } from '../../training/resume/find-interrupted-training.js';
import { InterruptedTraining } from '../../training/resume/interrupted-training.js';
import { LocalLearner } from './local-learner.js';
import {
  argumentsJson,
  knownOptions,
  optionsToRemember,
  parseRememberedOptions,
  pathOptions,
  resumedOptions,
} from './remembered-options.js';
import { completeTrainModelOptions, type TrainModelOptions } from './train-model-options.js';
import { monitoredOf } from './training-callbacks.js';
import { type PreparedTraining, type TrainModelResult, TrainingRun, type TrainingStart } from './training-run.js';
import { WorkersLearner } from './workers-learner.js';
import { tell } from '../../text/tell.js';

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
  const training = await findInterruptedTraining({ modelFolderPath, modelType, modelVersion }, parseRememberedOptions);
  const where = { modelFolderPath, modelVersion: Number(path.basename(training.directory)) };
  const known = { ...knownOptions(given), ...where };
  const options = resumedOptions(
    { ...training.record.options, exportTraining: undefined },
    known,
    training.folder,
    await untrustedOptions(training),
  );
  if (!training.hasState) tell(`${training.folder} has no backup yet: the training begins again`);
  const start = atBackup(training);
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
async function untrustedOptions({
  record,
  hasState,
  folder,
}: InterruptedTraining<Partial<TrainModelOptions>>): Promise<string[]> {
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

function atBackup(training: InterruptedTraining): TrainingStart {
  return {
    ownsVersion: true,
    isFresh: !training.hasState,
    checkImages: (scan) => training.checkImages(scan),
    begin: () => training.takeOver(),
  };
}

type Workers = WorkersOutput<Partial<TrainModelOptions>>;

/**
 * Continues in this process what the workers of a distributed training began: with the weights and the optimizer's state after their last
 * epoch, the best epoch so far, the history, and the images in the order in which they would have come next.
 *
 * From then on it is a training like any other, which `resumeTraining` can continue. What the workers keep is only read.
 *
 * @param directory The `--output` of worker.py, whether it exists yet or not; `OUTPUT.training` must be next to it.
 * @param given The options that say where the model goes, and those that are to change; the rest stay as they were exported.
 * @throws SignetError `INVALID_TRAINING_STATE` when the state is missing, damaged or of other images; `INVALID_ARGUMENT` for an option
 * that may not change, and for a training that is done; and as `trainModel`.
 */
export async function resumeFromWorkers(
  directory: string,
  given: Partial<TrainModelOptions>,
): Promise<TrainModelResult> {
  const workers = await readWorkersOutput(directory, parseRememberedOptions);
  const exported = optionsHere(workers);
  // The weights that it started from are not read again.
  const untrusted = pathOptions(exported).filter((name) => name !== 'pretrainedWeights');
  const resumed = resumedOptions(exported, knownOptions(given), workers.folder, untrusted);
  const options = completeTrainModelOptions(resumed);
  checkNotDone(workers, options);
  const { parts } = workers.state;
  if (parts > 1) tell(`note: ${partsNote(parts)}`);
  return new TrainingRun(options, new LocalLearner(), atWorkersState(workers)).run();
}

/** The exported options, without where the export went and without what a file from elsewhere may not bring in. */
function optionsHere({ options }: Workers): Partial<TrainModelOptions> {
  return {
    ...options,
    exportTraining: undefined,
    workers: undefined,
    gradientPrecision: undefined,
    modelVersion: undefined,
    modelFolderPath: 'models',
    overwrite: false,
    callbacks: undefined,
    tensorboard: undefined,
  };
}

function atWorkersState(workers: Workers): TrainingStart {
  return {
    ownsVersion: false,
    isFresh: false,
    checkImages: (scan) => checkImages(workers, scan),
    begin: (training) => importState(workers, training),
  };
}

/** Saves the model of the workers' best epoch, and begins a training with their state. Reads all of the state before it writes anything. */
async function importState(
  { folder, state }: Workers,
  { model, data, options, version }: PreparedTraining,
): Promise<InterruptedTraining> {
  const { stepsPerEpoch, imageCounts, scan } = data.set;
  const training = {
    model,
    patience: options.patience,
    stepsPerEpoch,
    validationImages: imageCounts.validation,
    monitor: monitoredOf(model).name,
  };
  return withWorkersBackup(folder, state, training, async ({ history, write }) => {
    await model.save(version.path, {
      assetsExtra: { 'arguments.json': argumentsJson(options), 'history.csv': history },
    });
    return InterruptedTraining.begin(version.path, optionsToRemember(options, version.path), scan, write);
  });
}

/** @throws SignetError `INVALID_TRAINING_STATE`. Workers compare images by their paths alone, and so does this. */
function checkImages({ state, folder }: Workers, scan: ImageScan): void {
  if (state.images === '' || state.images === imagePathsDigest(scan)) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The images in ${nameOfScan(scan)} are not those, by their names, that the training in ${folder} began with. Put them back as they were, or ` +
      'give the --data of worker.py as --train-dataset-path, or the list that was exported.',
  );
}

/** Prevents training a model that is done once more to the same result. */
function checkNotDone({ output, state }: Workers, { numEpochs, patience }: TrainModelOptions): void {
  const stopped = state.isStopped && state.wait >= patience;
  if (!existsSync(output) || (state.epochs < numEpochs && !stopped)) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    stopped
      ? `${output} is done: nothing improved for ${state.wait} epochs. To train for longer, give a larger --patience.`
      : `${output} is done: it is trained for ${state.epochs} epochs, and --num-epochs is ${numEpochs}. To train for longer, give a larger --num-epochs.`,
  );
}

function partsNote(parts: number): string {
  return (
    `the workers split a batch into ${parts} parts, and one machine does not: batch normalization, mixup and random draws see whole batches ` +
    'from here on. To keep the parts, continue with worker.py, on any number of machines'
  );
}
