import { badImages } from '../data/scan/describe-problems.js';
import type { ImageProblem } from '../data/image-file/image-problem.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import type { OnBadImage } from '../data/scan/scan-report.js';
import { SignetError } from '../errors.js';
import type { ImageSize, Preprocessing } from '../ops/fit-images.js';
import { Agreement, type AgreementResult } from './agreement.js';
import type { Protocol } from '../client/client-options.js';
import type { ModelMetadata } from '../client/protocol-client.js';
import { ServerError } from '../client/server-error.js';
import type { SignetClient } from '../client/signet-client.js';
import { imageBlocks } from './image-blocks.js';
import { type DecodedImage, loadImages } from './load-images.js';
import { type BlockAnswer, type TransportEvaluation, TransportRun } from './transport-run.js';
import { transportCall, transportDescriptions, type ServedTransport, servedTransports } from './served-transports.js';

/** A model on a server, as a client of one protocol sees it. */
export interface ReachedModel {
  readonly client: SignetClient;
  readonly metadata: ModelMetadata;
}

/** The model by protocol: the error if the server does not speak a protocol, nothing if it was not requested. */
export type ReachedModels = Readonly<Partial<Record<Protocol, ReachedModel | ServerError>>>;

export interface ServedEvaluationOptions {
  /** In the order of the logits. */
  readonly classNames: readonly string[];
  /** Thresholds of a multi-label model, by class. Default: the model gives each image one class. */
  readonly thresholds?: readonly number[] | null;
  /** Height and width that images are resized to before their pixels are sent. Default: as they are. */
  readonly imageSize?: ImageSize | undefined;
  /** How images are turned, and resized if they are, before their pixels are sent: as the model does with files. */
  readonly preprocessing?: Preprocessing;
  /** Images per request. Default: 1. */
  readonly batchSize?: number;
  /** Requests that are under way at once. Default: 1. */
  readonly concurrency?: number;
  /** Whether an image that passed the scan and does not decode stops the evaluation or is left out. Default: `fail`. */
  readonly onBadImage?: OnBadImage;
  /** Ends the evaluation early: what was done is the result. */
  readonly signal?: AbortSignal;
  /** Called after each answer with the number of images sent over all transports, and how many there are to send. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A transport that has no result. */
export interface TransportProblem {
  readonly transport: ServedTransport;
  /** `unreachable`: its protocol is not spoken; `not-offered`: the model lacks a signature; `failed`: the server broke off. */
  readonly kind: 'unreachable' | 'not-offered' | 'failed';
  readonly message: string;
  /** The first image of the request that failed; null where none was sent. */
  readonly path: string | null;
}

export interface ServedModelEvaluation {
  /** Transports that answered for every image. */
  readonly transports: Readonly<Partial<Record<ServedTransport, TransportEvaluation>>>;
  readonly problems: readonly TransportProblem[];
  readonly agreement: AgreementResult<ServedTransport>;
  /** Number of images that were sent over every transport. */
  readonly images: number;
  /** Images that passed the scan, do not decode and were left out. */
  readonly skipped: readonly ImageProblem[];
  readonly interrupted: boolean;
}

/**
 * Sends every image to a served model in four ways: over gRPC and REST, as files to `serving_bytes` and as decoded pixels to
 * `serving_default`.
 *
 * The transports take turns with blocks of images, so that a server's better and worse moments are shared. Files are read and
 * decoded between the blocks, and each transport begins with a few images that are not counted. A transport that fails is closed;
 * the others continue.
 *
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `CLASSES_DIFFER`, `INVALID_SAVED_MODEL` if the model offers no
 *   transport, and the last error, such as `SERVER_ERROR`, if every transport failed.
 */
export async function evaluateServedModel(
  models: ReachedModels,
  files: readonly ImageFile[],
  options: ServedEvaluationOptions,
): Promise<ServedModelEvaluation> {
  const run = new ServedEvaluation(models, options);
  try {
    await run.evaluate(files);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
  return run.result();
}

/** Enough images to keep the requests of a block under way. */
const imagesPerBlock = 256;

/** Connections are made and code is compiled before anything is measured. */
const warmUpImages = 16;

class ServedEvaluation {
  #open: readonly TransportRun[];
  readonly #problems: TransportProblem[] = [];
  readonly #agreement: Agreement<ServedTransport>;
  readonly #skipped: ImageProblem[] = [];
  readonly #options;
  #images = 0;
  #left = 0;

  constructor(models: ReachedModels, options: ServedEvaluationOptions) {
    this.#options = { batchSize: 1, concurrency: 1, onBadImage: 'fail', thresholds: null, ...options } as const;
    this.#agreement = new Agreement(this.#options.thresholds);
    this.#open = servedTransports.flatMap((transport) => {
      const model = models[transportDescriptions[transport].protocol];
      return (model && this.#openTransport(transport, model)) ?? [];
    });
    if (this.#open.length === 0) throw noTransport(this.#problems);
  }

  async evaluate(files: readonly ImageFile[]): Promise<void> {
    const { batchSize, concurrency, imageSize, signal } = this.#options;
    this.#left = files.length;
    let isWarm = false;
    for (const block of imageBlocks(files, Math.max(imagesPerBlock, 4 * batchSize * concurrency), imageSize)) {
      const images = await this.#load(block);
      signal?.throwIfAborted();
      this.#left -= block.length;
      if (images.length === 0) continue;
      if (!isWarm) await this.#onEachTransport((run) => run.send(images.slice(0, warmUpImages)));
      isWarm = true;
      await this.#sendBlock(images);
    }
  }

  result(): ServedModelEvaluation {
    return {
      transports: Object.fromEntries(this.#open.map((run) => [run.transport, run.result()])),
      problems: this.#problems,
      agreement: this.#agreement.result(),
      images: this.#images,
      skipped: this.#skipped,
      interrupted: this.#options.signal?.aborted ?? false,
    };
  }

  #openTransport(transport: ServedTransport, model: ReachedModel | ServerError): TransportRun | null {
    if (model instanceof ServerError) {
      this.#problems.push({ transport, kind: 'unreachable', message: model.message, path: null });
      return null;
    }
    const call = transportCall(transport, model.metadata.signatures);
    if (typeof call !== 'string') return new TransportRun(transport, model.client, call, this.#options);
    this.#problems.push({ transport, kind: 'not-offered', message: call, path: null });
    return null;
  }

  async #load(files: readonly ImageFile[]): Promise<readonly DecodedImage[]> {
    const { images, bad } = await loadImages(files, this.#options.imageSize, this.#options.preprocessing);
    if (bad.length > 0 && this.#options.onBadImage === 'fail') throw badImages(bad);
    this.#skipped.push(...bad);
    return images;
  }

  async #sendBlock(images: readonly DecodedImage[]): Promise<void> {
    const { onProgress } = this.#options;
    const transports = this.#open.length;
    const total = (this.#images + images.length + this.#left) * transports;
    let done = this.#images * transports;
    const answers = new Map<TransportRun, BlockAnswer>();
    await this.#onEachTransport(async (run) => {
      const answer = await run.send(images, (count) => onProgress?.((done += count), total));
      answers.set(run, answer);
    });
    for (const [run, answer] of answers) run.count(images, answer);
    for (const [i, { source }] of images.entries()) {
      const logits = [...answers].map(
        ([{ transport }, answer]) => [transport, answer.logits[i] ?? new Float32Array()] as const,
      );
      this.#agreement.add(source.path, new Map(logits));
    }
    this.#images += images.length;
  }

  async #onEachTransport(step: (run: TransportRun) => Promise<unknown>): Promise<void> {
    for (const run of this.#open) {
      try {
        await step(run);
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        this.#close(run, error);
      }
    }
  }

  /** @throws the error, if it is not the transport's own or no other transport is left. */
  #close(run: TransportRun, error: unknown): void {
    this.#open = this.#open.filter((other) => other !== run);
    if (this.#open.length === 0 || !(error instanceof SignetError)) throw error;
    const { transport, failedAt: path } = run;
    const { code, message } = error;
    if (code === 'SERVER_ERROR') this.#problems.push({ transport, kind: 'failed', message, path });
    else if (code === 'INVALID_SAVED_MODEL')
      this.#problems.push({ transport, kind: 'not-offered', message, path: null });
    else throw error;
  }
}

function noTransport(problems: readonly TransportProblem[]): SignetError {
  const reasons = problems.map(({ transport, message }) => `  ${transportDescriptions[transport].name}: ${message}\n`);
  return new SignetError(
    'INVALID_SAVED_MODEL',
    `The served model takes images over no transport:\n${reasons.join('')}Serve an image classifier that train-model wrote.`,
  );
}
