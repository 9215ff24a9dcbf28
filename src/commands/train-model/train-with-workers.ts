import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { ImageDataset } from '../../data/dataset/image-dataset.js';
import { type ClassifierEvaluation, evaluateClassifier } from '../../evaluation/evaluate-classifier.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { findModelType } from '../../models/model-types.js';
import { restoreVariables } from '../../saved-model/read/restore-variables.js';
import { weightsInOrder } from '../../tensorflow/weights-in-order.js';
import { variablesOf } from '../../tensorflow/variables-of.js';
import { readWorkersState } from '../../distributed/workers-state.js';
import { checkTestClasses } from './check-test-classes.js';
import { disposeCompiled } from '../shared/dispose-compiled.js';
import { checkForSeveralMachines, type ExportedTraining, makeAndExport } from './export-training-model.js';
import { findPython } from '../../files/find-python.js';
import { assertSameImages, InterruptedTraining } from './interrupted-training.js';
import { prepareVersion } from './model-versions.js';
import { noteInterrupted } from './note-interrupted.js';
import { makeLoss } from './optimization.js';
import { argumentsJson } from './remembered-options.js';
import { resumeFlags } from './resume-flags.js';
import { runWorkers } from '../../distributed/run-workers.js';
import { scanDataset, type ScannedDataset } from '../shared/scan-dataset.js';
import type { WorkersOptions } from '../../distributed/start-workers.js';
import type { TrainModelResult } from './run.js';
import { checkTrainModelOptions, type TrainModelOptions } from './train-model-options.js';
import { writeTrainingReport } from './training-report.js';

const note =
  'note: workers on one machine share its processors, and gain nothing. This tries out what several machines will do; see ' +
  'docs/distributed-training.md.\n';

/**
 * Trains as `trainModel`, by so many worker processes on this machine's loopback, and makes an ordinary model directory of what comes out.
 *
 * Ctrl-C ends the workers; `resumeTraining` goes on after the last epoch that was done, also after a crash.
 *
 * @param options `workers` says into how many parts a batch is cut, on which the result depends.
 * @param workers How many share the parts, on which it does not depend.
 * @param resumed The training to go on with, of the same options. Default: it begins.
 * @throws SignetError as `trainModel`, `NOT_SET_UP` without a Python that has TensorFlow, `TRAINING_STOPPED` when a worker fails.
 */
export async function trainWithWorkers(
  options: TrainModelOptions,
  workers: number,
  resumed: InterruptedTraining | null = null,
): Promise<TrainModelResult> {
  checkTrainModelOptions(options);
  checkForSeveralMachines(options);
  const start = performance.now();
  const Model = await findModelType(options.modelType);
  const python = await findPython();
  const { modelFolderPath, modelVersion, overwrite } = options;
  const directory = await prepareVersion(modelFolderPath, Model.name, modelVersion, overwrite || resumed !== null);
  if (!resumed) await noteInterrupted(path.dirname(directory));
  const testSet = await scanDataset(options.testDatasetPath, options.onBadImage);
  const trainSet = await scanDataset(options.trainDatasetPath, options.onBadImage);
  checkTestClasses(testSet, trainSet, options);
  if (resumed) assertSameImages(resumed, trainSet.scan);
  const training = await (resumed?.takeOver() ?? InterruptedTraining.begin(directory, options, trainSet.scan));
  try {
    const trained = await trainIn(training, trainSet, options, { python, workers });
    const secondsNow = () => (performance.now() - start) / 1000;
    if (!trained) return await interruptedResult(training, options, secondsNow());
    const evaluation = await evaluateAndSave(trained, testSet, options, directory);
    const { history, images } = trained;
    const run = { ...epochsOf(history), interrupted: false, seconds: secondsNow() };
    const { skippedList } = testSet;
    const report = await writeTrainingReport({ directory, options, images, history, ...run, evaluation, skippedList });
    await training.remove();
    const { loss, result } = evaluation;
    const test = { accuracy: result.accuracy, loss };
    return { directory, testDatasetPath: options.testDatasetPath, ...run, test, report, resume: null };
  } catch (error) {
    // Without a state there is nothing to go on from.
    if (!training.hasState) await training.remove();
    else process.stderr.write(`${training.folder} keeps what was trained: train-model --resume goes on with it\n`);
    throw error;
  }
}

/** A model with the weights that the workers came to. */
interface Trained {
  readonly model: ImageClassifierModel;
  readonly images: ExportedTraining['images'];
  /** What `history.csv` holds. */
  readonly history: string;
}

/** @returns Null when it was interrupted. */
async function trainIn(
  training: InterruptedTraining,
  trainSet: ScannedDataset,
  options: TrainModelOptions,
  { python, workers }: Pick<WorkersOptions, 'python' | 'workers'>,
): Promise<Trained | null> {
  const output = training.workersOutput;
  const exported = path.join(path.dirname(output), 'export');
  // Options such as the number of epochs may be others than before, and a model that is there would stay.
  await rm(output, { recursive: true, force: true });
  const { model, images } = await makeAndExport(options, exported, trainSet, !training.hasState);
  process.stderr.write(note);
  const { trainDatasetPath: data, workers: parts = workers } = options;
  let trained: Trained | null = null;
  try {
    if (await runWorkers({ python, workers, parts, model: exported, data, output })) return null;
    const weights = variablesOf(weightsInOrder(model));
    await restoreVariables(weights, output);
    const history = await readFile(path.join(output, 'assets.extra', 'history.csv'), 'utf8');
    trained = { model, images, history };
    return trained;
  } finally {
    if (!trained) disposeCompiled(model);
  }
}

async function interruptedResult(
  training: InterruptedTraining,
  options: TrainModelOptions,
  seconds: number,
): Promise<TrainModelResult> {
  const { directory, workersOutput } = training;
  const { epochs = 0 } = (await readWorkersState(`${workersOutput}.training`)) ?? {};
  const resume = resumeFlags(options, path.basename(directory));
  const nothing = { bestEpoch: null, test: null, report: null };
  const { testDatasetPath } = options;
  return { directory, testDatasetPath, epochs, ...nothing, seconds, interrupted: true, resume };
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
    const assetsExtra = { 'arguments.json': argumentsJson(options), 'history.csv': history };
    await model.save(directory, { assetsExtra });
    return evaluation;
  } finally {
    dataset.dispose();
    disposeCompiled(model);
  }
}

/** How many epochs there were, and which was the best, from 1. */
function epochsOf(history: string): { epochs: number; bestEpoch: number } {
  const { epochs, columns } = parseHistory(history);
  const accuracies = (columns.get('val_accuracy') ?? []).map((value) => value ?? 0);
  return { epochs: epochs.length, bestEpoch: accuracies.indexOf(Math.max(...accuracies)) + 1 };
}
