import { SignetError } from '../../errors.js';
import type * as tf from '../../tensorflow/tf.js';
import {
  type DecodingBatch,
  DecodePipeline,
  type DecodePipelineOptions,
  type EncodedImage,
} from './decode-pipeline.js';
import { ImageDecoder } from './image-decoder.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { isRemote } from '../remote/location.js';
import { isTranscoded } from '../image-file/image-format.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { tryToReadImageFile } from '../image-file/try-to-read-image-file.js';

/** The pixels of some files, float32 [n, height, width, 3], 0 to 255; or the problems of some of the files. */
export type LoadedImages = tf.Tensor4D | readonly ImageProblem[];

/** A batch that is being made from some files: pixels, or what is made from them. */
export interface LoadingBatch {
  readonly files: readonly ImageFile[];
  /** Waits for it; the caller owns the tensor. Call it at most once. */
  finish(): Promise<tf.Tensor | readonly ImageProblem[]>;
}

/** Files that are being decoded. */
export interface LoadingImages extends LoadingBatch {
  readonly files: readonly ImageFile[];
  /** Waits for them; the caller owns the pixels. Call it at most once. */
  finish(): Promise<LoadedImages>;
}

/** Number of images of a batch that are requested from another server at once. */
const answersAtOnce = 16;

/**
 * Decodes image files ahead of time, and finds the bad ones when it fails.
 *
 * TensorFlow reads and decodes them in its own threads; WebP, AVIF and TIFF are first made PNG here.
 */
export class ImageLoader {
  /** Made when a batch fails, to find out which image it is. */
  #decoder: ImageDecoder | null = null;
  /** Settled when all batches that were started are in the pipeline. */
  #started: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly pipeline: DecodePipeline,
    private readonly options: DecodePipelineOptions,
  ) {}

  static async create(options: DecodePipelineOptions): Promise<ImageLoader> {
    return new ImageLoader(await DecodePipeline.create(options), options);
  }

  /** Starts decoding files, after those that were started earlier. */
  start(files: readonly ImageFile[]): LoadingImages {
    const decoding = this.#start(files);
    // Files that are no longer needed must not end the process when they cannot be read.
    decoding.catch(() => undefined);
    return { files, finish: async () => this.#finish(files, await decoding) };
  }

  dispose(): void {
    this.pipeline.dispose();
    this.#decoder?.dispose();
  }

  /** @returns Null when a file cannot be read. */
  #start(files: readonly ImageFile[]): Promise<DecodingBatch | null> {
    // Batches enter in the order in which they were started, however long each takes to read.
    const [before, contents] = [this.#started, this.#contentsOf(files)];
    const started = before.then(async () => {
      const images = await contents;
      return images && this.pipeline.start(images);
    });
    contents.catch(() => undefined);
    this.#started = started.catch(() => undefined);
    return started;
  }

  /** Reads what TensorFlow cannot read from a file itself. @returns Null if it cannot be read. */
  async #contentsOf(files: readonly ImageFile[]): Promise<EncodedImage[] | null> {
    const isElsewhere = files.some(({ inShard }) => inShard && isRemote(inShard.shard));
    // One after another: sharp uses all cores for each. Other servers take long to answer, but answer many requests at once.
    const contents = await mapConcurrently(files, isElsewhere ? answersAtOnce : 1, async (file) =>
      isTranscoded(file.format) || file.inShard ? tryToReadImageFile(file) : undefined,
    );
    const images: EncodedImage[] = [];
    for (const [i, { path }] of files.entries()) {
      const content = contents[i];
      if (content && 'kind' in content) return null;
      images.push({ path, content });
    }
    return images;
  }

  async #finish(files: readonly ImageFile[], decoding: DecodingBatch | null): Promise<LoadedImages> {
    try {
      if (decoding) return decoding.take();
    } catch (error) {
      if (!(error instanceof SignetError)) throw error;
    }
    return this.#loadCarefully(files);
  }

  /** Reads the files here, to find out which of them is broken and why. */
  async #loadCarefully(files: readonly ImageFile[]): Promise<LoadedImages> {
    const contents = await Promise.all(files.map((file) => tryToReadImageFile(file)));
    const unread = contents.filter((content) => 'kind' in content);
    if (unread.length > 0) return unread;
    const images = contents.filter((content) => content instanceof Uint8Array);
    this.#decoder ??= await ImageDecoder.create(this.options.imageSize, this.options.preprocessing);
    try {
      return this.#decoder.decode(images);
    } catch (error) {
      const broken = this.#decoder.findBroken(files, images);
      if (broken.length === 0) throw error;
      return broken;
    }
  }
}
