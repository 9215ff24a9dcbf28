import { existsSync } from 'node:fs';

import { countClasses } from '../../data/scan/image-scan.js';
import { formatNames, isTranscoded } from '../../data/image-file/image-format.js';
import { splitFiles } from '../../data/dataset/split-files.js';
import { SignetError } from '../../errors.js';
import { exportTraining } from '../../distributed/export-training.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { findModelType } from '../../models/model-types.js';
import { balancedClassWeight } from '../../training/class-weight.js';
import { checkBackboneOptions } from '../shared/backbone-options.js';
import { compileClassifier } from './compile-classifier.js';
import { disposeCompiled } from '../shared/dispose-compiled.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';
import { argumentsJson } from './remembered-options.js';
import { scanDataset, type ScannedDataset } from '../shared/scan-dataset.js';
import { startFromWeights } from './start-from-weights.js';
import { makeTrainable } from './run.js';
import { checkTrainModelOptions, type TrainModelOptions } from './train-model-options.js';

/** What was exported to be trained. */
export interface ExportedTraining {
  readonly directory: string;
  /** How many images there are to train on, and for the validation. */
  readonly images: Readonly<Record<'train' | 'validation', number>>;
}

/**
 * Makes the model that `train-model` would train, and exports it for training on several machines instead.
 *
 * @throws SignetError as `trainModel`, and `INVALID_ARGUMENT` for what only one machine can do.
 */
export async function exportTrainingModel(options: TrainModelOptions, directory: string): Promise<ExportedTraining> {
  checkTrainModelOptions(options);
  if (existsSync(directory) && !options.overwrite) {
    throw new SignetError(
      'MODEL_EXISTS',
      `${directory} exists. Export to another folder, or replace it with --overwrite.`,
    );
  }
  checkForSeveralMachines(options);
  const exported = await makeAndExport(
    options,
    directory,
    await scanDataset(options.trainDatasetPath, options.onBadImage),
  );
  disposeCompiled(exported.model);
  return { directory, images: exported.images };
}

/**
 * The same, for who goes on with the model.
 *
 * @param startsAnew Whether the model's weights count; false for a training whose state has others. Default: true.
 */
export async function makeAndExport(
  options: TrainModelOptions,
  directory: string,
  scanned: ScannedDataset,
  startsAnew = true,
): Promise<Pick<ExportedTraining, 'images'> & { readonly model: ImageClassifierModel }> {
  const Model = await findModelType(options.modelType);
  checkBackboneOptions(Model, options);
  checkImages(scanned);
  const { seed, validationSplit, batchSize, numEpochs, patience } = options;
  const [train, validation] = (['training', 'validation'] as const).map(
    (subset) => splitFiles(scanned.scan, { seed, validationSplit, subset }).files,
  );
  const files = train ?? [];
  const model = makeTrainable(Model, scanned.scan.classNames, options);
  if (startsAnew && options.pretrainedWeights !== undefined) await startFromWeights(model, options.pretrainedWeights);
  compileClassifier(model, options, Math.ceil(files.length / batchSize));
  const counts = countClasses(files, scanned.scan.classNames.length);
  const classWeight = options.classWeights === 'balanced' ? balancedClassWeight(counts) : {};
  const { augment } = options;
  const augmentation = augment !== undefined && parseAugmentation(augment, { imageSize: model.imageSize, seed });
  const assetsExtra = { 'arguments.json': argumentsJson(options) };
  await exportTraining(model, directory, {
    batchSize,
    numEpochs,
    patience,
    validationSplit,
    seed,
    classWeight,
    assetsExtra,
    ...(augmentation && { augmentation }),
  });
  return { model, images: { train: files.length, validation: validation?.length ?? 0 } };
}

/** What a callback in Node does, no worker can. @throws SignetError `INVALID_ARGUMENT`. */
export function checkForSeveralMachines({ learningRateSchedule, callbacks, tensorboard }: TrainModelOptions): void {
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

/** A worker sees every file, and decodes it by the exported graph alone. */
function checkImages({ scan, skippedList }: ScannedDataset): void {
  const transcoded = scan.files.filter(({ format }) => isTranscoded(format));
  const [first] = transcoded;
  if (first) {
    throw new SignetError(
      'INVALID_DATASET',
      `${transcoded.length} images of ${scan.directory} are in formats that TensorFlow does not decode, such as ${first.path} ` +
        `(${formatNames[first.format]}). Workers need JPEG, PNG, GIF or BMP: convert them.`,
    );
  }
  if (skippedList === '') return;
  throw new SignetError(
    'INVALID_DATASET',
    `Workers see every file of ${scan.directory}: remove these, which --on-bad-image skip leaves out on one machine.\n${skippedList}`,
  );
}
