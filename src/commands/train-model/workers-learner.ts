import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { formatNames, isTranscoded } from '../../data/image-file/image-format.js';
import { nameOfScan } from '../../data/scan/image-scan.js';
import { exportTraining, type ExportTrainingOptions } from '../../distributed/export-training.js';
import { runWorkers } from '../../distributed/run-workers.js';
import { readWorkersState } from '../../distributed/workers-state.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import { findPython } from '../../distributed/find-python.js';
import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { restoreVariables } from '../../saved-model/read/restore-variables.js';
import { variablesOf, weightsInOrder } from '../../tensorflow/layer-weights.js';
import type { InterruptedTraining } from '../../training/resume/interrupted-training.js';
import { argumentsJson } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import { augmentationFor } from './trainable-model.js';
import { type Monitored, monitoredOf } from './training-callbacks.js';
import type { TrainingSet } from './training-data.js';
import type { Learned, Learner, PreparedTraining } from './training-run.js';
import { tell } from '../../text/tell.js';

const note =
  'note: workers on one machine share its processors, so this is not faster. It tries out what several machines will do; see ' +
  'docs/distributed-training.md.';
const warning =
  'warning: the ports of the workers are open to the network while they train, and anyone who reaches one can read and write files ' +
  'as you: TensorFlow has no authentication. Without --open-worker-ports, one process trains all parts and opens none.';

/**
 * Trains with Python TensorFlow on this machine, and makes an ordinary model directory of the result. One process trains all parts of a
 * batch and opens no port, unless `openWorkerPorts` asks for one process per worker: TensorFlow's server, by which they would exchange
 * their sums, listens on every network and runs any graph that it is sent.
 */
export class WorkersLearner implements Learner {
  #python = '';

  /** @param workers Number of workers that share the parts of a batch. The result depends on the parts alone, see the option `workers`. */
  constructor(private readonly workers: number) {}

  /** @throws SignetError `INVALID_ARGUMENT`, `NOT_SET_UP` without a Python that has TensorFlow. */
  async checkOptions(options: TrainModelOptions): Promise<void> {
    checkForWorkers(options);
    this.#python = await findPython();
  }

  checkImages(set: TrainingSet): void {
    checkImagesForWorkers(set);
  }

  /** @throws SignetError `TRAINING_STOPPED` when a worker fails. */
  async learn(training: PreparedTraining, kept: InterruptedTraining): Promise<Learned> {
    const { model, data, version, options } = training;
    const images = data.set.imageCounts;
    const interrupted = await this.#work(training, kept.workersOutput);
    if (interrupted) return { epochs: await epochsOf(kept), bestEpoch: null, interrupted, history: '', images };
    await restoreVariables(variablesOf(weightsInOrder(model)), kept.workersOutput);
    const history = await readFile(path.join(kept.workersOutput, 'assets.extra', 'history.csv'), 'utf8');
    await model.save(version.path, {
      assetsExtra: { 'arguments.json': argumentsJson(options), 'history.csv': history },
    });
    return { ...summaryOf(history, monitoredOf(model)), interrupted, history, images };
  }

  /** @returns Whether it was interrupted. */
  async #work({ model, data, options }: PreparedTraining, output: string): Promise<boolean> {
    const exported = path.join(path.dirname(output), 'export');
    // Options such as the number of epochs may have changed since an earlier run, and its model would stay.
    await rm(output, { recursive: true, force: true });
    await exportForWorkers(model, data.set, options, exported);
    const { workers: parts = this.workers, openWorkerPorts } = options;
    const workers = openWorkerPorts ? this.workers : 1;
    tell(workers > 1 ? `${note}\n${warning}` : note);
    return runWorkers({ python: this.#python, workers, parts, model: exported, data: data.set.scan.directory, output });
  }
}

/** How many epochs are done of a training that was interrupted. */
async function epochsOf({ workersOutput }: InterruptedTraining): Promise<number> {
  return (await readWorkersState(`${workersOutput}.training`))?.epochs ?? 0;
}

/** How many epochs there were, and which was the best, from 1. */
function summaryOf(history: string, { name, bestOf }: Monitored): Pick<Learned, 'epochs' | 'bestEpoch'> {
  const { epochs, columns } = parseHistory(history);
  const values = columns.get(name) ?? [];
  const best = bestOf(...values.filter((value) => value !== null));
  return { epochs: epochs.length, bestEpoch: values.indexOf(best) + 1 };
}

/** Exports a compiled model with all that the flags say about its training. @throws SignetError as `exportTraining`. */
export async function exportForWorkers(
  model: ImageClassifierModel,
  set: TrainingSet,
  options: TrainModelOptions,
  directory: string,
): Promise<void> {
  const { classWeight } = set;
  const { batchSize, numEpochs, patience, validationSplit, seed, gradientPrecision, recompute } = options;
  const assetsExtra = { 'arguments.json': argumentsJson(options) };
  const augmentation = augmentationFor(model, options);
  const training = {
    batchSize,
    numEpochs,
    patience,
    validationSplit,
    seed,
    gradientPrecision,
    recompute,
    classWeight,
    augmentation,
    assetsExtra,
    images: imagesForWorkers(set),
  };
  await exportTraining(model, directory, training);
}

/** The images of each side, where a worker cannot find them by the folder and the seed. @throws SignetError `INVALID_DATASET`. */
function imagesForWorkers(set: TrainingSet): ExportTrainingOptions['images'] {
  if (!set.isChosen) return undefined;
  return { training: set.part('training'), validation: set.part('validation') };
}

/** @throws SignetError `INVALID_ARGUMENT` for options that callbacks in Node.js carry out: no worker can. */
export function checkForWorkers({ learningRateSchedule, callbacks, tensorboard }: TrainModelOptions): void {
  const wrong = [
    ...(learningRateSchedule === 'plateau' ? ['--learning-rate-schedule plateau'] : []),
    ...(callbacks === undefined ? [] : ['--callbacks']),
    ...(tensorboard === undefined ? [] : ['--tensorboard']),
  ];
  if (wrong.length === 0) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `Training with several workers is done by TensorFlow, not by Node.js, where callbacks run. Leave out: ${wrong.join(', ')}.`,
  );
}

/** @throws SignetError `INVALID_DATASET` unless a worker can use every file: it sees them all, and decodes them with the exported graph. */
export function checkImagesForWorkers({ scan, skippedList }: TrainingSet): void {
  const transcoded = scan.files.filter(({ format }) => isTranscoded(format));
  const [first] = transcoded;
  if (first) {
    throw new SignetError(
      'INVALID_DATASET',
      `${transcoded.length} images of ${nameOfScan(scan)} are in formats that TensorFlow does not decode, such as ${first.path} ` +
        `(${formatNames[first.format]}). Workers need JPEG, PNG, GIF or BMP: convert them.`,
    );
  }
  if (skippedList === '') return;
  throw new SignetError(
    'INVALID_DATASET',
    `Workers see every file of ${nameOfScan(scan)}: remove these, which --on-bad-image skip leaves out on one machine.\n${skippedList}`,
  );
}
