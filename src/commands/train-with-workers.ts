import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { checkSameClasses } from '../data/check-same-classes.js';
import { ImageDataset } from '../data/image-dataset.js';
import { SignetError } from '../errors.js';
import { type ClassifierEvaluation, evaluateClassifier } from '../evaluation/evaluate-classifier.js';
import { parseHistory } from '../evaluation/report/training-history.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import { findModelType } from '../models/model-types.js';
import { restoreVariables } from '../saved-model/restore-variables.js';
import type * as tf from '../tensorflow/tf.js';
import { weightsInOrder } from '../tensorflow/weights-in-order.js';
import { checkForSeveralMachines, type ExportedTraining, makeAndExport } from './export-training-model.js';
import { findPython } from './find-python.js';
import { prepareVersion } from './model-versions.js';
import { makeLoss } from './optimization.js';
import { argumentsJson } from './remembered-options.js';
import { scanDataset, type ScannedDataset } from './scan-dataset.js';
import { startWorkers, type WorkersOptions } from './start-workers.js';
import { stopOnInterrupt } from './stop-on-interrupt.js';
import type { TrainModelResult } from './train-model.js';
import { checkTrainModelOptions, type TrainModelOptions } from './train-model-options.js';
import { writeTrainingReport } from './training-report.js';

const note =
  'note: workers on one machine share its processors, and gain nothing. This tries out what several machines will do; see ' +
  'docs/distributed-training.md.\n';

/**
 * Trains as `trainModel`, by so many worker processes on this machine's loopback, and makes an ordinary model directory of what comes out.
 *
 * Ctrl-C ends it without a model.
 *
 * @throws SignetError as `trainModel`, `NOT_SET_UP` without a Python that has TensorFlow, `TRAINING_STOPPED` when a worker fails.
 */
export async function trainWithWorkers(options: TrainModelOptions, workers: number): Promise<TrainModelResult> {
  checkTrainModelOptions(options);
  checkForSeveralMachines(options);
  const start = performance.now();
  const Model = await findModelType(options.modelType);
  const python = await findPython();
  const directory = await prepareVersion(options.modelFolderPath, Model.name, options.modelVersion, options.overwrite);
  const testSet = await scanDataset(options.testDatasetPath, options.onBadImage);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-workers-'));
  try {
    const trained = await trainIn(folder, testSet, options, { python, workers });
    const evaluation = await evaluateAndSave(trained, testSet, options, directory);
    const { history, images } = trained;
    const run = { ...epochsOf(history), interrupted: false, seconds: (performance.now() - start) / 1000 };
    const { skippedList } = testSet;
    const report = await writeTrainingReport({ directory, options, images, history, ...run, evaluation, skippedList });
    const { loss, result } = evaluation;
    const test = { accuracy: result.accuracy, loss };
    return { directory, testDatasetPath: options.testDatasetPath, ...run, test, report, resume: null };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A model with the weights that the workers came to. */
interface Trained {
  readonly model: ImageClassifierModel;
  readonly images: ExportedTraining['images'];
  /** What `history.csv` holds. */
  readonly history: string;
}

async function trainIn(
  folder: string,
  { scan }: ScannedDataset,
  options: TrainModelOptions,
  workers: Pick<WorkersOptions, 'python' | 'workers'>,
): Promise<Trained> {
  const [exported, output] = [path.join(folder, 'export'), path.join(folder, 'output')];
  const { model, images } = await makeAndExport(options, exported);
  checkSameClasses(scan.classNames, model.classNames, {
    found: `the test set ${options.testDatasetPath}`,
    expected: `the training set ${options.trainDatasetPath}`,
  });
  process.stderr.write(note);
  await runWorkers({ ...workers, model: exported, data: options.trainDatasetPath, output });
  const weights = weightsInOrder(model).map((weight) => weight.read() as tf.Variable);
  await restoreVariables(weights, output);
  return { model, images, history: await readFile(path.join(output, 'assets.extra', 'history.csv'), 'utf8') };
}

async function evaluateAndSave(
  { model, history }: Trained,
  { scan }: ScannedDataset,
  options: TrainModelOptions,
  directory: string,
): Promise<ClassifierEvaluation> {
  const { batchSize, onBadImage } = options;
  const once = { imageSize: model.imageSize, shuffle: false, cacheMebibytes: 0 } as const;
  const dataset = await ImageDataset.create(scan, { ...once, batchSize, onBadImage });
  try {
    const evaluation = await evaluateClassifier(model, dataset, makeLoss(options));
    const assetsExtra = {
      'arguments.json': argumentsJson(options),
      'history.csv': history,
    };
    await model.save(directory, { assetsExtra });
    return evaluation;
  } finally {
    dataset.dispose();
    model.optimizer.dispose();
    model.dispose();
  }
}

/** How many epochs there were, and which was the best, from 1. */
function epochsOf(history: string): { epochs: number; bestEpoch: number } {
  const { epochs, columns } = parseHistory(history);
  const accuracies = (columns.get('val_accuracy') ?? []).map((value) => value ?? 0);
  return { epochs: epochs.length, bestEpoch: accuracies.indexOf(Math.max(...accuracies)) + 1 };
}

/**
 * How long the others have to notice that one of them is gone, in milliseconds: TensorFlow's heartbeat takes 10 seconds. Those that still
 * wait for all to come together never notice.
 */
const grace = 15_000;

/** @throws SignetError `TRAINING_STOPPED` in the words of the worker that failed first. */
async function runWorkers(options: WorkersOptions): Promise<void> {
  const onLine = (line: string) => {
    // Where the model lies for now is nobody's business.
    if (!line.startsWith(options.output)) process.stderr.write(`${line}\n`);
  };
  const { children, done } = await startWorkers({ ...options, onLine });
  const endAll = () => children.forEach((child) => child.kill('SIGKILL'));
  const interrupt = stopOnInterrupt('ending the workers, no model is kept');
  interrupt.signal.addEventListener('abort', endAll);
  process.once('exit', endAll);
  let timer: NodeJS.Timeout | undefined;
  let failed: number | undefined;
  children.forEach((child, i) =>
    child.on('close', (code) => {
      if (code === 0) return;
      failed ??= i;
      timer ??= setTimeout(endAll, grace);
    }),
  );
  try {
    const endings = await done;
    if (failed === undefined) return;
    const words = endings[failed]?.lines.slice(-8).join('\n') ?? '';
    throw new SignetError(
      'TRAINING_STOPPED',
      interrupt.signal.aborted
        ? 'Training was interrupted; no model was saved.'
        : `Worker ${failed} of ${children.length} failed; no model was saved. ${words === '' ? 'It said nothing: was it killed?' : words}`,
    );
  } finally {
    clearTimeout(timer);
    process.removeListener('exit', endAll);
    interrupt.remove();
  }
}
