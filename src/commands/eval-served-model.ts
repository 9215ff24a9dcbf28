import { checkSameClasses } from '../data/check-same-classes.js';
import type { ImageScan } from '../data/image-scan.js';
import { quoted } from '../data/printable.js';
import type { OnBadImage } from '../data/scan-report.js';
import { tryToReadImageFile } from '../data/try-to-read-image-file.js';
import { SignetError } from '../errors.js';
import { findClassNames } from '../evaluation/classify-images.js';
import type { Protocol } from '../evaluation/clients/client-options.js';
import { ServerError } from '../evaluation/clients/server-error.js';
import type { SignetClient } from '../evaluation/clients/signet-client.js';
import {
  evaluateServedModel,
  type ServedModel,
  type ServedModelEvaluation,
} from '../evaluation/evaluate-served-model.js';
import type { ImageSize } from '../ops/decode-and-resize.js';
import { connectToServer, type ServerFlags } from './connect-to-server.js';
import { progressBar } from './progress-bar.js';
import { scanDataset } from './scan-dataset.js';

/** What `eval-served-model` takes; the flags of the same names. */
export interface EvalServedModelOptions extends ServerFlags {
  readonly modelName: string;
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
  /** The version that answered; null where the server does not say. */
  readonly modelVersion: number | null;
  readonly testDatasetPath: string;
  readonly classNames: readonly string[];
  /** Where the names of the classes are from: the server told all of them, some of them, or none. */
  readonly classNamesTold: 'all' | 'some' | 'none';
  readonly batchSize: number;
  readonly concurrency: number;
}

/**
 * Evaluates what answers at an address, Signet's server or TensorFlow Serving, over a test set: by gRPC and REST, with files
 * and with pixels.
 *
 * Ctrl-C ends it with what was done so far; a second one ends the process at once.
 *
 * @throws SignetError `SERVER_ERROR`, `CLASSES_DIFFER`, `INVALID_DATASET`, `BAD_IMAGE`, `INVALID_SAVED_MODEL`,
 *   `INVALID_ARGUMENT`.
 */
export async function evalServedModel(options: EvalServedModelOptions): Promise<EvalServedModelResult> {
  const imageSize = checkOptions(options);
  const clients = {
    GRPC: await connectToServer(options.modelName, 'GRPC', options),
    REST: await connectToServer(options.modelName, 'REST', options),
  };
  try {
    const models = await describeBoth(clients);
    const { scan } = await scanDataset(options.testDatasetPath, options.onBadImage);
    const classNamesTold = await checkClasses(models, clients, scan, options);
    const evaluation = await evaluate(models, scan, options, imageSize);
    const { host, grpcPort, restPort, modelName, testDatasetPath, batchSize, concurrency } = options;
    const known = Object.values(models).find((model) => typeof model !== 'string');
    return {
      ...{ host, grpcPort, restPort, modelName, modelVersion: known?.metadata.version ?? null, testDatasetPath },
      ...{ classNames: scan.classNames, classNamesTold, batchSize, concurrency },
      ...evaluation,
    };
  } finally {
    Object.values(clients).forEach((client) => client.close());
  }
}

type Clients = Readonly<Record<Protocol, SignetClient>>;
type Models = Readonly<Record<Protocol, ServedModel | string>>;

/** @throws SignetError `SERVER_ERROR` of both protocols when neither answers. */
async function describeBoth(clients: Clients): Promise<Models> {
  const [grpc, rest] = await Promise.allSettled([clients.GRPC.metadata(), clients.REST.metadata()]);
  if (grpc.status === 'rejected' && rest.status === 'rejected') throw neither(grpc.reason, rest.reason);
  return { GRPC: asModel(clients.GRPC, grpc), REST: asModel(clients.REST, rest) };
}

function neither(grpc: unknown, rest: unknown): unknown {
  if (!(grpc instanceof ServerError && rest instanceof ServerError)) return grpc;
  return new ServerError(
    grpc.status,
    `The server answers neither over gRPC nor over REST.\n\n${grpc.message}\n\n${rest.message}`,
    {
      cause: grpc,
    },
  );
}

function asModel(client: SignetClient, outcome: PromiseSettledResult<ServedModel['metadata']>): ServedModel | string {
  if (outcome.status === 'fulfilled') return { client, metadata: outcome.value };
  if (outcome.reason instanceof ServerError) return outcome.reason.message;
  throw outcome.reason;
}

/**
 * Checks that the folders of the test set are the classes of the served model.
 *
 * @returns How many of the names the server tells; without any, the folders in order are taken for the classes.
 */
async function checkClasses(
  models: Models,
  clients: Clients,
  scan: ImageScan,
  { testDatasetPath, modelName }: EvalServedModelOptions,
): Promise<EvalServedModelResult['classNamesTold']> {
  const protocol = typeof models.GRPC === 'string' ? 'REST' : 'GRPC';
  const model = models[protocol];
  if (typeof model === 'string') return 'none';
  const names = await findClassNames(clients[protocol].asCallable(model.metadata), await samplesOf(scan));
  if (names.size === 0) return 'none';
  const sources = { found: `the test set ${testDatasetPath}`, expected: `the served model ${quoted([modelName])}` };
  const isWhole = names.size > Math.max(...names.keys()) && names.size >= scan.classNames.length;
  if (isWhole) {
    checkSameClasses(
      scan.classNames,
      [...names].toSorted(([a], [b]) => a - b).map(([, name]) => name),
      sources,
    );
    return 'all';
  }
  for (const [index, name] of names) {
    if (scan.classNames[index] === name) continue;
    throw new SignetError(
      'CLASSES_DIFFER',
      `The classes of ${sources.found} are not those of ${sources.expected}: class ${index} is ${quoted([name])} there, ` +
        `${quoted([scan.classNames[index] ?? ''])} here. Give the test set of the model that is served.`,
    );
  }
  return 'some';
}

/** An image of each class. */
async function samplesOf({ files, classNames }: ImageScan): Promise<Uint8Array[]> {
  const first = classNames.flatMap((_, label) => files.find((file) => file.label === label) ?? []);
  const contents = await Promise.all(first.map((file) => tryToReadImageFile(file)));
  return contents.filter((content) => content instanceof Uint8Array);
}

async function evaluate(
  models: Models,
  scan: ImageScan,
  { batchSize, concurrency, onBadImage }: EvalServedModelOptions,
  imageSize: ImageSize | undefined,
): Promise<ServedModelEvaluation> {
  const bar = progressBar('evaluating', 'images');
  const interrupt = stopOnInterrupt();
  const start = performance.now();
  const onProgress = (done: number, total: number) => {
    bar.update(done, total, `${(done / ((performance.now() - start) / 1000)).toFixed(0)} images/s`);
  };
  const { classNames, files } = scan;
  const options = { classNames, imageSize, batchSize, concurrency, onBadImage, signal: interrupt.signal, onProgress };
  return evaluateServedModel(models, files, options).finally(() => {
    interrupt.remove();
    bar.stop();
  });
}

/** The first Ctrl-C ends the evaluation; the next ends the process, as it does by default. */
function stopOnInterrupt() {
  const controller = new AbortController();
  const onInterrupt = () => {
    controller.abort();
    process.stderr.write('\nstopping, what was done is told (Ctrl-C again ends at once)\n');
  };
  process.once('SIGINT', onInterrupt);
  return { signal: controller.signal, remove: () => process.removeListener('SIGINT', onInterrupt) };
}

/** @returns The size that images are resized to; nothing when they stay as they are. */
function checkOptions(options: EvalServedModelOptions): ImageSize | undefined {
  const { batchSize, concurrency, inputWidth, inputHeight, timeout } = options;
  const counts = { 'batch-size': batchSize, concurrency, 'input-width': inputWidth, 'input-height': inputHeight };
  for (const [flag, value] of Object.entries(counts)) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw new SignetError('INVALID_ARGUMENT', `--${flag} is a whole number from 1. Received: ${value}.`);
  }
  if (!(timeout > 0)) throw new SignetError('INVALID_ARGUMENT', `--timeout is more than 0 s. Received: ${timeout}.`);
  if ((inputWidth === undefined) !== (inputHeight === undefined)) {
    throw new SignetError('INVALID_ARGUMENT', '--input-width and --input-height go together. Received: one of them.');
  }
  return inputWidth === undefined || inputHeight === undefined ? undefined : [inputHeight, inputWidth];
}
