import { existsSync } from 'node:fs';

import { imagePathsDigest } from '../../data/scan/fingerprint-images.js';
import type { ImageScan } from '../../data/scan/image-scan.js';
import { splitFiles } from '../../data/dataset/split-files.js';
import { SignetError } from '../../errors.js';
import { findModelType } from '../../models/model-types.js';
import { checkBackboneOptions } from '../shared/backbone-options.js';
import { compileClassifier } from './compile-classifier.js';
import { disposeCompiled } from '../shared/dispose-compiled.js';
import { importWorkersState } from './import-workers-state.js';
import type { InterruptedTraining } from './interrupted-training.js';
import { prepareVersion } from './model-versions.js';
import { knownOptions, resumedOptions } from './remembered-options.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { makeTrainable, trainModel, type TrainModelResult } from './run.js';
import { checkTrainModelOptions, type TrainModelOptions } from './train-model-options.js';
import { readWorkersOutput, type WorkersOutput } from './workers-output.js';

/**
 * Goes on, in this process, with what workers of a distributed training began: with the weights and the optimizer's state after their last
 * epoch, the best epoch so far, the history, and the order of the images that would have been next.
 *
 * From then on it is a training of `trainModel` as any other, which `resumeTraining` goes on with. What the workers keep is left as it is.
 *
 * @param directory The `--output` of worker.py, whether it is there yet or not; beside it lies `OUTPUT.training`.
 * @param given Options that were given anew. Where the model goes, and those that may be otherwise; the rest is as it was exported.
 * @throws SignetError `INVALID_TRAINING_STATE` when the state is missing, damaged or of other images; `INVALID_ARGUMENT` for an option that
 * differs, and for a training that is done; and what `trainModel` throws.
 */
export async function resumeFromWorkers(
  directory: string,
  given: Partial<TrainModelOptions>,
): Promise<TrainModelResult> {
  const workers = await readWorkersOutput(directory);
  const options = resumedOptions(workers.options, knownOptions(given), workers.folder);
  checkTrainModelOptions(options);
  checkNotDone(workers, options);
  const { parts } = workers.state;
  if (parts > 1) process.stderr.write(`note: ${partsNote(parts)}\n`);
  const training = await takeOver(workers, options);
  const { modelVersion } = training.record.options;
  return trainModel({ ...options, modelVersion }, training);
}

async function takeOver(workers: WorkersOutput, options: TrainModelOptions): Promise<InterruptedTraining> {
  const Model = await findModelType(options.modelType);
  checkBackboneOptions(Model, options);
  const { modelFolderPath, modelVersion, overwrite, batchSize } = options;
  const directory = await prepareVersion(modelFolderPath, Model.name, modelVersion, overwrite);
  const { scan } = await scanDataset(options.trainDatasetPath, options.onBadImage);
  checkImages(workers, scan);
  const { seed, validationSplit } = options;
  const count = (subset: 'training' | 'validation') => splitFiles(scan, { seed, validationSplit, subset }).files.length;
  const stepsPerEpoch = Math.ceil(count('training') / batchSize);
  const model = makeTrainable(Model, scan.classNames, options);
  compileClassifier(model, options, stepsPerEpoch);
  try {
    const facts = { directory, scan, stepsPerEpoch, validationImages: count('validation') };
    return await importWorkersState(workers, model, options, facts);
  } finally {
    disposeCompiled(model);
  }
}

/** @throws SignetError `INVALID_TRAINING_STATE`. Workers tell images by their paths alone, and so does this. */
function checkImages({ state, folder }: WorkersOutput, scan: ImageScan): void {
  if (state.images === '' || state.images === imagePathsDigest(scan)) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The images in ${scan.directory} are not those, by their names, that the training in ${folder} began with. Put them back as they were, or ` +
      'give the --data of worker.py as --train-dataset-path.',
  );
}

/** A training that is done and has its model is not trained once more to the same. */
function checkNotDone({ output, state }: WorkersOutput, { numEpochs, patience }: TrainModelOptions): void {
  const stopped = state.isStopped && state.wait >= patience;
  if (!existsSync(output) || (state.epochs < numEpochs && !stopped)) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    stopped
      ? `${output} is done: nothing improved for ${state.wait} epochs. To train for longer, give a --patience above that.`
      : `${output} is done: it is trained for ${state.epochs} epochs. To train for longer, give --num-epochs. Received: ${numEpochs}.`,
  );
}

function partsNote(parts: number): string {
  return (
    `the workers cut a batch into ${parts} parts, and one machine does not: batch normalization, mixup and random draws see whole batches ` +
    'from here on; worker.py, on as many machines as you like, would go on with parts'
  );
}
