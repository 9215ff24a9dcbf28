import { mapConcurrently } from '../files/map-concurrently.js';
import { SignetError } from '../errors.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import type { SignetClient } from '../client/signet-client.js';
import { groupPositions } from './image-blocks.js';
import type { DecodedImage } from './load-images.js';
import { type EvaluationResult, type Metrics, multiLabelMetrics, oneClassMetrics } from './metrics.js';
import { type Latency, latencyOf } from '../data/statistics.js';
import { type TransportCall, transportDescriptions, type ServedTransport } from './served-transports.js';

/** How images are sent. */
export interface TransportRunOptions {
  readonly classNames: readonly string[];
  /** Thresholds of a multi-label model, by class; null for a model that gives each image one class. */
  readonly thresholds: readonly number[] | null;
  /** Images a request. */
  readonly batchSize: number;
  /** Requests that are under way at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** The metrics of the answers over one transport. */
export type TransportEvaluation = EvaluationResult & TransportFigures;

/** What a transport takes. */
export interface TransportFigures {
  readonly requests: number;
  /** Latency of a request in milliseconds, from the call to the decoded answer: what a caller waits. */
  readonly latency: Latency;
  readonly imagesPerSecond: number;
  /** Mean size of a request's body, an image. */
  readonly bytesPerImage: number;
}

/** Result of sending a block of images. */
export interface BlockAnswer {
  /** Logits of each image, in their order. */
  readonly logits: readonly Float32Array[];
  /** In milliseconds, of each request. */
  readonly latencies: readonly number[];
  /** Time from the first request to the last answer. */
  readonly milliseconds: number;
  readonly bytesSent: number;
}

/** One transport and its answers so far. */
export class TransportRun {
  readonly #metrics: Metrics<EvaluationResult>;
  readonly #latencies: number[] = [];
  #milliseconds = 0;
  #bytesSent = 0;
  #failedAt: string | null = null;

  constructor(
    readonly transport: ServedTransport,
    private readonly client: SignetClient,
    private readonly call: TransportCall,
    private readonly options: TransportRunOptions,
  ) {
    const { classNames, thresholds } = options;
    // A server does not say which temperature turns its logits into probabilities.
    this.#metrics = thresholds === null ? oneClassMetrics(classNames, null) : multiLabelMetrics(classNames, thresholds);
  }

  /** Path of the first image of the request that failed. */
  get failedAt(): string | null {
    return this.#failedAt;
  }

  /** Sends a block, and counts nothing yet. @throws ServerError; SignetError `CLASSES_DIFFER`, `INVALID_SAVED_MODEL`. */
  async send(images: readonly DecodedImage[], onAnswer?: (images: number) => void): Promise<BlockAnswer> {
    const { concurrency, signal } = this.options;
    const logits = new Array<Float32Array>(images.length);
    const latencies: number[] = [];
    let bytesSent = 0;
    const start = performance.now();
    const sendBatch = async (batch: readonly number[]) => {
      const answer = await this.#request(batch.flatMap((i) => images[i] ?? []));
      latencies.push(answer.milliseconds);
      bytesSent += answer.bytesSent;
      for (const [row, i] of batch.entries()) logits[i] = answer.rows[row] ?? new Float32Array();
      onAnswer?.(batch.length);
    };
    await mapConcurrently(this.#batches(images), concurrency, sendBatch, signal);
    return { logits, latencies, milliseconds: performance.now() - start, bytesSent };
  }

  count(images: readonly DecodedImage[], answer: BlockAnswer): void {
    for (const [i, { source }] of images.entries()) {
      this.#metrics.add(answer.logits[i] ?? new Float32Array(), [source]);
    }
    for (const latency of answer.latencies) this.#latencies.push(latency);
    this.#milliseconds += answer.milliseconds;
    this.#bytesSent += answer.bytesSent;
  }

  result(): TransportEvaluation {
    const result = this.#metrics.result();
    return {
      ...result,
      requests: this.#latencies.length,
      latency: latencyOf(this.#latencies),
      imagesPerSecond: result.images / (this.#milliseconds / 1000),
      bytesPerImage: this.#bytesSent / result.images,
    };
  }

  /** Positions of the images that go together: pixels of one size, or any files. */
  #batches(images: readonly DecodedImage[]): number[][] {
    const isPixels = transportDescriptions[this.transport].encoding === 'numpy';
    return groupPositions(
      images,
      ({ height, width }) => (isPixels ? `${height}x${width}` : ''),
      () => this.options.batchSize,
    );
  }

  async #request(images: readonly DecodedImage[]) {
    const { signatureName, input, output } = this.call;
    const { signal } = this.options;
    const inputs = {
      [input]: transportDescriptions[this.transport].encoding === 'bytes' ? filesOf(images) : pixelsOf(images),
    };
    const start = performance.now();
    try {
      const answer = await this.client.predict(inputs, { signatureName, outputFilter: [output], signal });
      const milliseconds = performance.now() - start;
      const rows = logitRows(answer.outputs[output], images.length, signatureName);
      checkClasses(rows[0]?.length, this.options.classNames.length);
      return { rows, milliseconds, bytesSent: answer.bytesSent };
    } catch (error) {
      this.#failedAt ??= images[0]?.source.path ?? null;
      throw error;
    }
  }
}

function filesOf(images: readonly DecodedImage[]): TensorValue {
  return { dtype: 'string', shape: [images.length], values: images.map(({ file }) => file) };
}

function pixelsOf(images: readonly DecodedImage[]): TensorValue {
  const { height = 0, width = 0 } = images[0] ?? {};
  const size = height * width * 3;
  const values = new Float32Array(images.length * size);
  images.forEach(({ pixels }, i) => values.set(pixels, i * size));
  return { dtype: 'float32', shape: [images.length, height, width, 3], values };
}

function logitRows(value: TensorValue | undefined, images: number, signatureName: string): Float32Array[] {
  const [rows, classes = 0, ...rest] = value?.shape ?? [];
  if (value?.values instanceof Float32Array && rows === images && rest.length === 0 && classes > 0) {
    const { values } = value;
    return Array.from({ length: images }, (_, i) => values.slice(i * classes, (i + 1) * classes));
  }
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${signatureName} gives no logits: float32[${images}, classes] was expected for ${images} images. ` +
      `Received: ${value ? `${value.dtype}[${value.shape.join(', ')}]` : 'nothing'}. Serve an image classifier that train-model wrote.`,
  );
}

function checkClasses(received: number | undefined, expected: number): void {
  if (received === expected) return;
  throw new SignetError(
    'CLASSES_DIFFER',
    `The test set has ${expected} classes, and the served model gives ${received} logits per image. ` +
      'Give the test set of the model that is served (--test-dataset-path), or that model (--model-name).',
  );
}
