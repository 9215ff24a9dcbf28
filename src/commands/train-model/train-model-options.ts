import type { OnBadImage } from '../../data/scan/scan-report.js';
import { SignetError } from '../../errors.js';
import type { BackboneFlags } from '../shared/backbone-options.js';
import { numberProblems } from '../shared/check-numbers.js';
import { optimizationProblems, type OptimizationOptions } from './optimization.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';

/** What `train-model` takes; the flags of the same names. */
export interface TrainModelOptions extends OptimizationOptions, BackboneFlags {
  readonly trainDatasetPath: string;
  readonly testDatasetPath: string;
  readonly modelFolderPath: string;
  /** The name of one of Signet's classes, or `path/to/model.ts#ClassName`. */
  readonly modelType: string;
  /** Default: the next free one. */
  readonly modelVersion?: number | undefined;
  /** Pixels. Default: the architecture's own. */
  readonly inputWidth?: number | undefined;
  /** Pixels. Default: the architecture's own. */
  readonly inputHeight?: number | undefined;
  /** A weight file of Keras to start from, or `imagenet`; the layer `logits` starts anew where the file has none. Default: a random start. */
  readonly pretrainedWeights?: string | undefined;
  readonly batchSize: number;
  readonly numEpochs: number;
  /** Epochs without a better `val_accuracy` after which training stops. */
  readonly patience: number;
  readonly learningRate: number;
  readonly validationSplit: number;
  /** One of `jits`. Default: `auto`. */
  readonly jit?: string | undefined;
  readonly seed: number;
  readonly overwrite: boolean;
  readonly onBadImage: OnBadImage;
  /** MiB of decoded images that are kept in memory. */
  readonly cache: number;
  /** `balanced` for classes that count the same, however many images they have. Default: every image counts the same. */
  readonly classWeights?: string | undefined;
  /** Random changes of training images, such as `flip,rotation=0.05`; see `parseAugmentation`. Default: none. */
  readonly augment?: string | undefined;
  /** The folder for what TensorBoard shows. Default: none is written. */
  readonly tensorboard?: string | undefined;
  /** A folder to which the model is exported for training on several machines, instead of being trained. Default: it is trained. */
  readonly exportTraining?: string | undefined;
  /** Worker processes on this machine that train it. Default: none, it is trained in this process. */
  readonly workers?: number | undefined;
  /** Steps after which a backup is made within an epoch, beside that after every epoch. Default: after five minutes. */
  readonly backupSteps?: number | undefined;
  /** A file of yours whose default export is a callback, a list of them, or a function that makes them. Default: none. */
  readonly callbacks?: string | undefined;
}

/** @throws SignetError `INVALID_ARGUMENT` that lists all that is wrong with the numbers. */
export function checkTrainModelOptions(options: TrainModelOptions): void {
  const problems = [
    ...(
      ['batchSize', 'numEpochs', 'modelVersion', 'inputWidth', 'inputHeight', 'workers', 'backupSteps'] as const
    ).flatMap((name) =>
      numberProblems(
        name,
        options[name],
        'a whole number from 1',
        (value) => Number.isSafeInteger(value) && value >= 1,
      ),
    ),
    ...numberProblems('patience', options.patience, 'a whole number from 0', (v) => Number.isSafeInteger(v) && v >= 0),
    ...numberProblems('seed', options.seed, 'a whole number from 0', (v) => Number.isSafeInteger(v) && v >= 0),
    ...numberProblems('cache', options.cache, 'MiB, 0 or more', (value) => value >= 0),
    ...optimizationProblems(options),
    ...numberProblems(
      'learningRate',
      options.learningRate,
      'more than 0',
      (value) => value > 0 && Number.isFinite(value),
    ),
    ...numberProblems('dropout', options.dropout, 'from 0 to less than 1', (value) => value >= 0 && value < 1),
    ...numberProblems('alpha', options.alpha, 'above 0, at most 2', (value) => value > 0 && value <= 2),
    ...numberProblems('validationSplit', options.validationSplit, 'between 0 and 1', (value) => value > 0 && value < 1),
  ];
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
  // Before anything is read; the size of the images is not known yet.
  if (options.augment !== undefined) parseAugmentation(options.augment, { imageSize: [1, 1], seed: options.seed });
}
