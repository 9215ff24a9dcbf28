import type { ImageProblem } from '../data/image-problem.js';
import type { ImageFile } from '../data/inspect-image-file.js';
import type { OnBadImage } from '../data/scan-report.js';
import { type ErrorCode, SignetError } from '../errors.js';
import type { ImageSize } from '../ops/decode-and-resize.js';
import { Agreement, type AgreementResult } from './agreement.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';
import type { Protocol } from './clients/client-options.js';
import type { ModelMetadata } from './clients/protocol-client.js';
import { badImages } from './evaluate-saved-model.js';
import { type DecodedImage, loadImages } from './load-images.js';
import { type Latency, latencyOf } from './percentiles.js';
import {
  type BlockAnswer,
  type Predictor,
  roadCall,
  roadDescriptions,
  sendBlock,
  type ServedRoad,
  servedRoads,
} from './served-roads.js';

/** A model on a server, as a client of one protocol sees it. */
export interface ServedModel {
  readonly client: Predictor;
  readonly metadata: ModelMetadata;
}

/** The model by protocol; the error's message where a protocol cannot be spoken. */
export type ServedModels = Readonly<Record<Protocol, ServedModel | string>>;

export interface ServedEvaluationOptions {
  /** In the order of the logits. */
  readonly classNames: readonly string[];
  /** Height and width that images are resized to before their pixels are sent. Default: as they are. */
  readonly imageSize?: ImageSize | undefined;
  /** Images a request. Default: 1. */
  readonly batchSize?: number;
  /** Requests that are under way at once. Default: 1. */
  readonly concurrency?: number;
  /** What an image that passed the scan and does not decode does. Default: `fail`. */
  readonly onBadImage?: OnBadImage;
  /** Ends the evaluation early: what was done is the result. */
  readonly signal?: AbortSignal;
  /** Called after each answer with the images done on all roads, and how many there are to do. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a road answered to all images. */
export interface RoadEvaluation extends ClassificationResult {
  readonly requests: number;
  /** Of a request, in milliseconds, from the call to the decoded answer: what a caller waits. */
  readonly latency: Latency;
  readonly imagesPerSecond: number;
  /** Mean size of a request's body, an image. */
  readonly bytesPerImage: number;
}

/** A road that has no result. */
export interface RoadProblem {
  readonly road: ServedRoad;
  /** `not-offered`: it could not be begun; `failed`: the server broke off. */
  readonly kind: 'not-offered' | 'failed';
  readonly message: string;
}

export interface ServedModelEvaluation {
  /** Those that answered to all images. */
  readonly roads: Readonly<Partial<Record<ServedRoad, RoadEvaluation>>>;
  readonly problems: readonly RoadProblem[];
  readonly agreement: AgreementResult<ServedRoad>;
  /** How many went by all roads. */
  readonly images: number;
  /** Images that passed the scan, do not decode and were left out. */
  readonly skipped: readonly ImageProblem[];
  readonly interrupted: boolean;
}

/**
 * Sends every image to a served model by four roads: gRPC and REST, files as they are to `serving_bytes` and decoded pixels
 * to `serving_default`.
 *
 * The roads take turns with blocks of images, so that a server's better and worse moments are shared. Files are read and
 * decoded between the blocks, and the first request of a road is not measured.
 *
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `CLASSES_DIFFER`, `INVALID_SAVED_MODEL` when there is no
 *   road, `SERVER_ERROR` when none can be gone to its end.
 */
export async function evaluateServedModel(
  models: ServedModels,
  files: readonly ImageFile[],
  options: ServedEvaluationOptions,
): Promise<ServedModelEvaluation> {
  const run = new ServedEvaluation(models, options);
  await run.evaluate(files);
  return run.result();
}

class ServedEvaluation {
  readonly #open: RoadRun[] = [];
  readonly #problems: RoadProblem[] = [];
  readonly #agreement = new Agreement<ServedRoad>();
  readonly #skipped: ImageProblem[] = [];
  readonly #options;
  #images = 0;
  #left = 0;
  #lastError: unknown;

  constructor(models: ServedModels, options: ServedEvaluationOptions) {
    this.#options = { batchSize: 1, concurrency: 1, onBadImage: 'fail', ...options } as const;
    for (const road of servedRoads) {
      const model = models[roadDescriptions[road].protocol];
      const call = typeof model === 'string' ? model : roadCall(road, model.metadata.signatures);
      if (typeof model === 'string' || typeof call === 'string') {
        this.#problems.push({ road, kind: 'not-offered', message: String(call) });
      } else {
        this.#open.push(new RoadRun(road, model.client, call, options.classNames));
      }
    }
  }

  async evaluate(files: readonly ImageFile[]): Promise<void> {
    if (this.#open.length === 0) throw noRoad(this.#problems);
    this.#left = files.length;
    let isFirst = true;
    for (const block of blocksOf(files, this.#options)) {
      const images = await this.#load(block);
      if (this.#isInterrupted()) return;
      this.#left -= block.length;
      if (images.length === 0) continue;
      try {
        if (isFirst) await this.#eachRoad((road) => road.warmUp(images.slice(0, 1), this.#options));
        isFirst = false;
        await this.#sendBlock(images);
      } catch (error) {
        if (this.#isInterrupted()) return;
        throw error;
      }
    }
  }

  result(): ServedModelEvaluation {
    return {
      roads: Object.fromEntries(this.#open.map((run) => [run.road, run.result()])),
      problems: this.#problems,
      agreement: this.#agreement.result(),
      images: this.#images,
      skipped: this.#skipped,
      interrupted: this.#isInterrupted(),
    };
  }

  #isInterrupted(): boolean {
    return this.#options.signal?.aborted ?? false;
  }

  async #load(files: readonly ImageFile[]): Promise<readonly DecodedImage[]> {
    const { images, bad } = await loadImages(files, this.#options.imageSize);
    if (bad.length > 0 && this.#options.onBadImage === 'fail') throw badImages(bad);
    this.#skipped.push(...bad);
    return images;
  }

  async #sendBlock(images: readonly DecodedImage[]): Promise<void> {
    const { onProgress } = this.#options;
    const roads = this.#open.length;
    let sent = 0;
    const total = (this.#images + images.length + this.#left) * roads;
    const onAnswer = (count: number) => {
      sent += count;
      onProgress?.(this.#images * roads + sent, total);
    };
    const answers = new Map<RoadRun, BlockAnswer>();
    await this.#eachRoad(async (run) => {
      answers.set(run, await run.send(images, { ...this.#options, onAnswer }));
    });
    for (const run of this.#open) run.count(images, answers.get(run));
    for (const [i, { source }] of images.entries()) {
      const logits = this.#open.map((run) => [run.road, answers.get(run)?.logits[i] ?? new Float32Array()] as const);
      this.#agreement.add(source.path, new Map(logits));
    }
    this.#images += images.length;
  }

  /** A road that fails is closed, and the others go on. */
  async #eachRoad(step: (run: RoadRun) => Promise<void>): Promise<void> {
    for (const run of [...this.#open]) {
      try {
        await step(run);
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        if (!(error instanceof SignetError)) throw error;
        const kind = roadFailures[error.code];
        if (kind === undefined) throw error;
        this.#lastError = error;
        this.#problems.push({ road: run.road, kind, message: error.message });
        this.#open.splice(this.#open.indexOf(run), 1);
      }
    }
    if (this.#open.length === 0) throw this.#lastError;
  }
}

function noRoad(problems: readonly RoadProblem[]): SignetError {
  const reasons = problems.map(({ road, message }) => `  ${roadDescriptions[road].name}: ${message}\n`);
  return new SignetError(
    'INVALID_SAVED_MODEL',
    `The served model takes images on no road:\n${reasons.join('')}Serve an image classifier that train-model wrote.`,
  );
}

/** Errors that close a road; others end the evaluation. */
const roadFailures: Readonly<Partial<Record<ErrorCode, RoadProblem['kind']>>> = {
  SERVER_ERROR: 'failed',
  INVALID_SAVED_MODEL: 'not-offered',
};

type Call = Exclude<ReturnType<typeof roadCall>, string>;

/** One road and what it has given. */
class RoadRun {
  readonly #metrics: ClassificationMetrics;
  readonly #latencies: number[] = [];
  #milliseconds = 0;
  #bytesSent = 0;

  constructor(
    readonly road: ServedRoad,
    private readonly client: Predictor,
    private readonly call: Call,
    private readonly classNames: readonly string[],
  ) {
    this.#metrics = new ClassificationMetrics(classNames);
  }

  async warmUp(images: readonly DecodedImage[], { signal }: ServedEvaluationOptions): Promise<void> {
    const options = { batchSize: 1, concurrency: 1, signal };
    const { logits } = await sendBlock(this.client, this.road, this.call, images, options);
    const classes = logits[0]?.length ?? 0;
    if (classes === this.classNames.length) return;
    throw new SignetError(
      'CLASSES_DIFFER',
      `The test set has ${this.classNames.length} classes, and the served model gives ${classes} logits an image. ` +
        'Give the test set of the model that is served (--test-dataset-path), or that model (--model-name).',
    );
  }

  send(images: readonly DecodedImage[], options: Parameters<typeof sendBlock>[4]): Promise<BlockAnswer> {
    return sendBlock(this.client, this.road, this.call, images, options);
  }

  count(images: readonly DecodedImage[], answer: BlockAnswer | undefined): void {
    if (!answer) return;
    for (const [i, { source }] of images.entries()) {
      this.#metrics.add(answer.logits[i] ?? new Float32Array(), [source.label]);
    }
    for (const latency of answer.latencies) this.#latencies.push(latency);
    this.#milliseconds += answer.milliseconds;
    this.#bytesSent += answer.bytesSent;
  }

  result(): RoadEvaluation {
    const result = this.#metrics.result();
    return {
      ...result,
      requests: this.#latencies.length,
      latency: latencyOf(this.#latencies),
      imagesPerSecond: result.images / (this.#milliseconds / 1000),
      bytesPerImage: this.#bytesSent / result.images,
    };
  }
}

/** A block is long enough to keep all requests under way, if its pixels, 12 bytes each, take no more than about 200 MB. */
const imagesPerBlock = 256;
const pixelsPerBlock = 16_000_000;

type BlockLimits = Pick<ServedEvaluationOptions, 'imageSize'> & {
  readonly batchSize: number;
  readonly concurrency: number;
};

function* blocksOf(files: readonly ImageFile[], { imageSize, batchSize, concurrency }: BlockLimits) {
  const longest = Math.max(imagesPerBlock, 4 * batchSize * concurrency);
  let block: ImageFile[] = [];
  let pixels = 0;
  for (const file of files) {
    const [height, width] = imageSize ?? [file.height, file.width];
    if (block.length === longest || (block.length > 0 && pixels + height * width > pixelsPerBlock)) {
      yield block;
      [block, pixels] = [[], 0];
    }
    block.push(file);
    pixels += height * width;
  }
  if (block.length > 0) yield block;
}
