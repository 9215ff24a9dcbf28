import type { ImageScan } from '../../data/scan/image-scan.js';
import type { OnBadImage } from '../../data/scan/scan-report.js';
import { SignetError } from '../../errors.js';
import {
  evaluateServedModel,
  type ServedModelEvaluation,
  type ReachedModels,
} from '../../evaluation/evaluate-served-model.js';
import type { ImageSize } from '../../ops/decode-and-resize.js';
import { checkNumbers } from '../shared/check-numbers.js';
import { checkServedClasses, type ClassNamesTold } from '../shared/check-served-classes.js';
import {
  anyOf,
  closeServedModels,
  openServedModels,
  type OpenServedModelOptions,
} from '../serve-model/open-served-models.js';
import { progressBar } from '../shared/progress-bar.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { stopOnInterrupt } from '../../files/stop-on-interrupt.js';

/** What `eval-served-model` takes; the flags of the same names. */
export interface EvalServedModelOptions extends OpenServedModelOptions {
  readonly testDatasetPath: string;
  /** Pixels that decoded images are resized to before they are sent. Default: as they are. */
  readonly inputWidth?: number | undefined;
  /** Pixels; together with `inputWidth`. */
  readonly inputHeight?: number | undefined;
  readonly batchSize: number;
  readonly concurrency: number;
  readonly onBadImage: OnBadImage;
}

/** What `eval-served-model --json` prints. */
export interface EvalServedModelResult extends ServedModelEvaluation {
  readonly host: string;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly modelName: string;
  /** The version that was asked; null where the server does not say. */
  readonly modelVersion: number | null;
  readonly testDatasetPath: string;
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
export async function evalServedModel(options: EvalServedModelOptions): Promise<EvalServedModelResult> {
  const imageSize = checkOptions(options);
  const models = await openServedModels(options);
  try {
    const { client, metadata } = anyOf(models);
    const { host, grpcPort, restPort, modelName, testDatasetPath, batchSize, concurrency, onBadImage } = options;
    const { scan } = await scanDataset(testDatasetPath, onBadImage);
    const told = await checkServedClasses(client.asCallable(metadata), scan, `the test set ${testDatasetPath}`);
    return {
      host,
      grpcPort,
      restPort,
      modelName,
      modelVersion: metadata.version,
      testDatasetPath,
      classNames: scan.classNames,
      classNamesTold: told,
      batchSize,
      concurrency,
      ...(await evaluate(models, scan, options, imageSize)),
    };
  } finally {
    closeServedModels(models);
  }
}

function evaluate(
  models: ReachedModels,
  { classNames, files }: ImageScan,
  { batchSize, concurrency, onBadImage }: EvalServedModelOptions,
  imageSize: ImageSize | undefined,
): Promise<ServedModelEvaluation> {
  const bar = progressBar('evaluating', 'images');
  const interrupt = stopOnInterrupt('stopping, what was done is told');
  const start = performance.now();
  const onProgress = (done: number, total: number) => {
    bar.update(done, total, `${(done / ((performance.now() - start) / 1000)).toFixed(0)} images/s`);
  };
  const options = { classNames, imageSize, batchSize, concurrency, onBadImage, signal: interrupt.signal, onProgress };
  return evaluateServedModel(models, files, options).finally(() => {
    interrupt.remove();
    bar.stop();
  });
}

/** @returns The size that images are resized to; nothing when they stay as they are. */
function checkOptions(options: EvalServedModelOptions): ImageSize | undefined {
  checkNumbers(options, {
    batchSize: [1, 65_536],
    concurrency: [1, 1024],
    inputWidth: [1, 16_384],
    inputHeight: [1, 16_384],
  });
  const { inputWidth, inputHeight } = options;
  if (inputWidth !== undefined && inputHeight !== undefined) return [inputHeight, inputWidth];
  if (inputWidth === inputHeight) return undefined;
  throw new SignetError('INVALID_ARGUMENT', '--input-width and --input-height go together. Received: one of them.');
}
