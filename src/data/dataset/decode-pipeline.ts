import path from 'node:path';

import { SignetError } from '../../errors.js';
import { cond } from '../../ops/cond.js';
import {
  counterDataset,
  iteratorGetNext,
  makeIterator,
  mapDataset,
  namedIterator,
  prefetchDataset,
  untunedDataset,
} from '../../ops/dataset.js';
import { decodeAndResize, type ImageSize, type Preprocessing } from '../../ops/decode-and-resize.js';
import { mapFn } from '../../ops/map-fn.js';
import { dequeue, enqueue, namedQueue } from '../../ops/queue.js';
import { readFileAt } from '../../ops/read-file.js';
import { CompiledFunctions } from '../../saved-model/run/compile.js';
import * as tf from '../../tensorflow/tf.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import { tfFunction } from '../../tracing/tf-function.js';

/** An image to decode. */
export interface EncodedImage {
  readonly path: string;
  /** Bytes that are decoded instead of the file's content. Default: the file is read by TensorFlow. */
  readonly content?: Uint8Array | undefined;
}

/** A batch that is being decoded. */
export interface DecodingBatch {
  /**
   * Waits until it is decoded; blocks the thread meanwhile. Call it at most once: a batch that nobody takes is freed when one that was started later
   * is taken.
   *
   * @returns float32 [n, height, width, 3], 0 to 255; the caller owns it.
   * @throws SignetError `TENSORFLOW_ERROR` when one of the images cannot be read or decoded.
   */
  take(): tf.Tensor4D;
}

/** Options of a DecodePipeline. */
export interface DecodePipelineOptions {
  /** Height and width that every image is resized to, in pixels. */
  readonly imageSize: ImageSize;
  /** How images are turned and resized. */
  readonly preprocessing: Preprocessing;
  /** Batches that are decoded at once; the images of each are spread over TensorFlow's threads anyway. Default: 2. */
  readonly parallelCalls?: number;
}

/** Maximum number of decoded batches that wait inside TensorFlow: practically no limit, since the caller limits how many it starts. */
const bufferSize = 1000;

/**
 * Decodes batches of image files in TensorFlow's own threads, with the function that `serving_bytes` exports, while JavaScript does something else.
 * The result is a tensor from the start: no pixel goes through JavaScript.
 *
 * In its session a queue of files feeds a data set of tf.data that reads, decodes and resizes them, in their order.
 */
export class DecodePipeline {
  /** Batches that were started and are still in TensorFlow, in their order. */
  #inside: DecodingBatch[] = [];
  #compiled: CompiledFunctions | null;

  private constructor(
    compiled: CompiledFunctions,
    private readonly key: string,
  ) {
    this.#compiled = compiled;
  }

  static async create(options: DecodePipelineOptions): Promise<DecodePipeline> {
    const key = JSON.stringify(options);
    return new DecodePipeline(takeIdle(key) ?? (await DecodePipeline.#begin(options)), key);
  }

  static async #begin(options: DecodePipelineOptions): Promise<CompiledFunctions> {
    const { begin, start, take } = pipelineFunctions(options);
    const functions = {
      begin: begin.getConcreteFunction(),
      start: start.getConcreteFunction(),
      take: take.getConcreteFunction(),
    };
    // Nearly all time is spent in decoders, which rewriting does not make faster, and rewriting takes a second.
    const compiled = await CompiledFunctions.compile(functions, { rewritesGraph: false });
    tf.dispose(compiled.call('begin', []));
    return compiled;
  }

  /** Starts decoding a batch, after those that were started earlier. Does not block. */
  start(images: readonly EncodedImage[]): DecodingBatch {
    this.#enqueue(images);
    const batch: DecodingBatch = {
      take: () => {
        // A batch that was started later has been taken first, and nothing is kept for batches that may never be taken.
        if (!this.#inside.includes(batch)) return this.start(images).take();
        while (this.#inside[0] !== batch) this.#drop();
        this.#inside.shift();
        return this.#next();
      },
    };
    this.#inside.push(batch);
    return batch;
  }

  /** Frees the session with everything decoded in it; an empty session is kept for the next pipeline that decodes the same way. */
  dispose(): void {
    const [compiled, isEmpty] = [this.#compiled, this.#inside.length === 0];
    this.#compiled = null;
    this.#inside = [];
    if (compiled && isEmpty) keepIdle(this.key, compiled);
    else compiled?.dispose();
  }

  #call(name: string, args: readonly tf.Tensor[]): Record<string, tf.Tensor> {
    if (this.#compiled) return this.#compiled.call(name, args);
    throw new SignetError('INVALID_ARGUMENT', 'What decodes the images has been disposed of.');
  }

  #enqueue(images: readonly EncodedImage[]): void {
    // An absolute path is never mistaken for one of TensorFlow's other file systems, as one that begins with `gs:` would be.
    const cells = images.flatMap(({ path: file, content = new Uint8Array() }) => [
      Buffer.from(path.resolve(file)),
      content,
    ]);
    const files = tf.tensor(cells, [images.length, 2], 'string');
    tf.dispose([files, ...Object.values(this.#call('start', [files]))]);
  }

  #drop(): void {
    this.#inside.shift();
    try {
      this.#next().dispose();
    } catch (error) {
      // Errors of a batch that nobody takes do not matter.
      if (!(error instanceof SignetError)) throw error;
    }
  }

  #next(): tf.Tensor4D {
    return this.#call('take', []).images as tf.Tensor4D;
  }
}

/** Idle sessions, with what they decode to: starting one takes a tenth of a second. */
const idle: { readonly key: string; readonly compiled: CompiledFunctions }[] = [];

/** A training and its evaluation have one each, usually of one size. */
const mostIdle = 3;

function takeIdle(key: string): CompiledFunctions | undefined {
  const at = idle.findIndex((each) => each.key === key);
  return at < 0 ? undefined : idle.splice(at, 1)[0]?.compiled;
}

/** Keeps a session; if there are too many, the oldest is freed. */
function keepIdle(key: string, compiled: CompiledFunctions): void {
  idle.push({ key, compiled });
  if (idle.length > mostIdle) idle.shift()?.compiled.dispose();
}

function pipelineFunctions({ imageSize, preprocessing, parallelCalls = 2 }: DecodePipelineOptions) {
  const files = tensorSpec('string', [null, 2]);
  const images = tensorSpec('float32', [null, ...imageSize, 3]);
  const decode = (batch: tf.Tensor) => decodeAndResize(mapFn(readImage, batch), imageSize, preprocessing);
  const begin = () => {
    const waiting = mapDataset(counterDataset(), () => dequeue(namedQueue('files'), [null, 2]), {
      from: tensorSpec('int64', []),
      to: files,
    });
    const decoded = mapDataset(waiting, decode, { from: files, to: images, parallelCalls });
    const ahead = untunedDataset(prefetchDataset(decoded, bufferSize, images), images);
    makeIterator(ahead, namedIterator('images', images));
    return tf.scalar(0);
  };
  const start = (batch: tf.Tensor) => {
    enqueue(namedQueue('files'), batch);
    return tf.scalar(0);
  };
  const take = () => ({ images: iteratorGetNext(namedIterator('images', images), images) });
  return {
    begin: tfFunction(begin, { inputSignature: {}, name: 'begin' }),
    start: tfFunction(start, { inputSignature: { batch: files }, name: 'start' }),
    take: tfFunction(take, { inputSignature: {}, name: 'take' }),
  };
}

/** @param file string [2]: the path, and the content or nothing. */
function readImage(file: tf.Tensor): tf.Tensor {
  const [filePath, content] = tf.unstack(file) as [tf.Tensor, tf.Tensor];
  return cond(
    tf.equal(content, ''),
    () => readFileAt(filePath),
    () => content.clone(),
  );
}
