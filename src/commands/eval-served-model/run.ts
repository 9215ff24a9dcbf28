import type { ImageScan } from '../../data/scan/image-scan.js';
import {
  evaluateServedModel,
  type ServedModelEvaluation,
  type ReachedModels,
} from '../../evaluation/evaluate-served-model.js';
import { completePreprocessing, type ImageSize } from '../../ops/fit-images.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { progressBar } from '../../text/progress-bar.js';
import { testSource } from '../shared/dataset-sources.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { stopOnInterrupt } from '../../files/stop-on-interrupt.js';
import { checkServedClasses, type ClassNamesTold } from './check-served-classes.js';
import { evalServedModelCommand } from './flags.js';
import { anyOf, closeServedModels, openServedModels } from './open-served-models.js';

/** Options of `eval-served-model`; `flags.ts` says what each means. */
export interface EvalServedModelOptions extends GivenOptionsOf<typeof evalServedModelCommand.flags> {}

/** Result, which `eval-served-model --json` prints. */
export interface EvalServedModelResult extends ServedModelEvaluation {
  readonly host: string;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly modelName: string;
  /** The version that was asked; null where the server does not say. */
  readonly modelVersion: number | null;
  /** The folder or the list. */
  readonly testDatasetPath: string;
  /** The folder that the paths of its images are relative to. */
  readonly directory: string;
  readonly classNames: readonly string[];
  /** Where the server does not tell all names, the folders of the test set, in order, are taken for its classes. */
  readonly classNamesTold: ClassNamesTold;
  readonly batchSize: number;
  readonly concurrency: number;
}

/**
 * Evaluates what answers at an address, Signet's server or TensorFlow Serving, over a test set: by gRPC and REST, with files
 * and with pixels. The version that answers first is asked to the end, whatever is loaded meanwhile.
 *
 * Ctrl-C ends it with what was done so far; a second one ends the process at once.
 *
 * @throws SignetError `SERVER_ERROR`, `CLASSES_DIFFER`, `INVALID_DATASET`, `BAD_IMAGE`, `INVALID_SAVED_MODEL`,
 *   `INVALID_ARGUMENT`.
 */
export async function evalServedModel(given: EvalServedModelOptions): Promise<EvalServedModelResult> {
  const options = completeOptions(evalServedModelCommand.flags, given);
  const models = await openServedModels(options);
  try {
    const { client, metadata } = anyOf(models);
    const { host, grpcPort, restPort, modelName, batchSize, concurrency, onBadImage, exif } = options;
    const source = testSource(options);
    const { scan: found } = await scanDataset(source, onBadImage, { subsets: ['test'], exif });
    const served = client.asCallable(metadata);
    const { scan, told, thresholds } = await checkServedClasses(served, found, `the test set ${source.name}`);
    return {
      host,
      grpcPort,
      restPort,
      modelName,
      modelVersion: metadata.version,
      testDatasetPath: source.name,
      directory: scan.directory,
      classNames: scan.classNames,
      classNamesTold: told,
      batchSize,
      concurrency,
      ...(await evaluate(models, scan, thresholds, options)),
    };
  } finally {
    closeServedModels(models);
  }
}

function evaluate(
  models: ReachedModels,
  { classNames, files }: ImageScan,
  thresholds: readonly number[] | null,
  options: OptionsOf<typeof evalServedModelCommand.flags>,
): Promise<ServedModelEvaluation> {
  const { batchSize, concurrency, onBadImage, inputHeight, inputWidth } = options;
  const imageSize: ImageSize | undefined =
    inputHeight === undefined || inputWidth === undefined ? undefined : [inputHeight, inputWidth];
  const bar = progressBar('evaluating', 'images');
  const interrupt = stopOnInterrupt('stopping; what was done so far is reported');
  const start = performance.now();
  const onProgress = (done: number, total: number) => {
    bar.update(done, total, `${(done / ((performance.now() - start) / 1000)).toFixed(0)} images/s`);
  };
  const preprocessing = completePreprocessing(options);
  return evaluateServedModel(models, files, {
    classNames,
    thresholds,
    imageSize,
    preprocessing,
    batchSize,
    concurrency,
    onBadImage,
    signal: interrupt.signal,
    onProgress,
  }).finally(() => {
    interrupt.remove();
    bar.stop();
  });
}
