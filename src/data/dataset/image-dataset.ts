import { SignetError } from '../../errors.js';
import type { ImageSize } from '../../ops/decode-and-resize.js';
import * as tf from '../../tensorflow/tf.js';
import { badImages } from '../scan/describe-problems.js';
import { countClasses, type ImageScan } from '../scan/image-scan.js';
import { ImageCache } from './image-cache.js';
import { ImageLoader, type LoadingImages } from './image-loader.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { LeftOutImages } from '../scan/left-out-images.js';
import { createRandom, deriveSeed, shuffled } from './random.js';
import type { OnBadImage } from '../scan/scan-report.js';

/** How an ImageDataset gives its images. */
export interface ImageDatasetOptions {
  /** Height and width that every image is resized to, in pixels. */
  readonly imageSize: ImageSize;
  /** Images a batch; the last one may be smaller. Default: 32. */
  readonly batchSize?: number;
  /** Whether each epoch has an order of its own. Default: true. */
  readonly shuffle?: boolean;
  /** Makes the orders the same at every run. Default: 0. */
  readonly seed?: number;
  /** Batches that are decoded ahead, by TensorFlow's own threads. Default: 4, fewer when they would take more than 256 MiB. */
  readonly prefetch?: number;
  /** Decoded images are kept in memory up to this many MiB, all of them or none. Default: 512; 0 for never. */
  readonly cacheMebibytes?: number;
  /** What an image that passes the scan and fails to decode does: stops with an error, or is left out. Default: `fail`. */
  readonly onBadImage?: OnBadImage;
}

/** A batch: `xs` float32 [n, height, width, 3], 0 to 255; `ys` int32 [n], positions in `classNames`. The caller owns it. */
export interface ImageBatch {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor1D;
}

/**
 * The images of a scanned directory in batches, for `fitDataset` and `evaluateDataset`.
 *
 * Files are read and decoded by TensorFlow's own threads, some batches ahead, while a training step runs. Memory holds those
 * batches, and all images if the set is small.
 */
export class ImageDataset extends tf.data.Dataset<tf.TensorContainer> {
  override readonly size: number;
  readonly classNames: readonly string[];
  #files: readonly ImageFile[];
  #epoch = 0;
  readonly #leftOut: LeftOutImages;
  /** Where it resumes within its first epoch; null once it has. */
  #resumed: ResumedEpoch | null = null;
  readonly #cache: ImageCache | null;

  private constructor(
    scan: ImageScan,
    private readonly loader: ImageLoader,
    private readonly options: Required<ImageDatasetOptions>,
  ) {
    super();
    this.#files = scan.files;
    this.#leftOut = new LeftOutImages(scan.files);
    this.classNames = scan.classNames;
    this.size = Math.ceil(scan.files.length / options.batchSize);
    const fits = scan.files.length * bytesAnImage(options.imageSize) <= options.cacheMebibytes * 2 ** 20;
    this.#cache = fits ? new ImageCache([...options.imageSize, 3]) : null;
  }

  /** @throws SignetError `INVALID_ARGUMENT`. */
  static async create(scan: ImageScan, options: ImageDatasetOptions): Promise<ImageDataset> {
    const defaults = { batchSize: 32, shuffle: true, seed: 0, cacheMebibytes: 512, onBadImage: 'fail' } as const;
    const { batchSize = defaults.batchSize, imageSize } = options;
    const prefetch = options.prefetch ?? defaultPrefetch(batchSize * bytesAnImage(imageSize));
    checkPrefetch(prefetch);
    return new ImageDataset(scan, await ImageLoader.create({ imageSize }), { ...defaults, ...options, prefetch });
  }

  /** The images of an epoch in the order of the scan; after an epoch, without those that do not decode. */
  get files(): readonly ImageFile[] {
    return this.#files;
  }

  /** Images that were left out since they do not decode. */
  get skipped(): readonly ImageProblem[] {
    return this.#leftOut.problems;
  }

  /** Images per epoch. */
  get imageCount(): number {
    return this.#files.length;
  }

  /** Images of each class per epoch, by label. */
  get classCounts(): number[] {
    return countClasses(this.#files, this.classNames.length);
  }

  /** Makes the epoch that comes next the one of this number, from 0: a resumed training continues in its order. */
  startAtEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  /** Its state besides epoch and batch, as JSON: the images that were left out. */
  saveState(): unknown {
    return this.#leftOut.saveState();
  }

  /**
   * Goes on where a dataset of the same files was: the epoch that comes next is the one of the position, from its batch on, without the
   * images that were left out. Nothing is decoded for what is passed over.
   *
   * @param state From a file.
   */
  resume({ epoch, batch }: { readonly epoch: number; readonly batch: number }, state: unknown): void {
    this.startAtEpoch(epoch);
    this.#leftOut.restoreState(state);
    const before = this.#leftOut.foundIn((found) => found !== epoch);
    this.#files = this.#files.filter(({ path }) => !before.has(path));
    // The order of an epoch is made before its broken images are found.
    this.#resumed = { batch, broken: this.#leftOut.foundIn((found) => found === epoch) };
  }

  override async iterator(): Promise<Awaited<ReturnType<tf.data.Dataset<tf.TensorContainer>['iterator']>>> {
    const batches = () => this.batches() as unknown as Iterator<tf.TensorContainer>;
    return tf.data.generator<tf.TensorContainer>(batches).iterator();
  }

  /** The batches of one epoch; each call starts the next epoch's order. */
  async *batches(): AsyncGenerator<ImageBatch> {
    const waiting = this.#nextChunks();
    const started: LoadingImages[] = [];
    while (waiting.length > 0 || started.length > 0) {
      const free = this.options.prefetch + 1 - started.length;
      started.push(...waiting.splice(0, free).map((files) => this.#start(files)));
      // A training loop never leaves the event loop a turn by itself, and what follows may wait: timers and Ctrl-C need one.
      await new Promise(setImmediate);
      const [first] = started.splice(0, 1);
      const batch = first ? await this.#finish(first) : null;
      if (batch) yield batch;
    }
  }

  /** Frees what decodes. */
  dispose(): void {
    this.loader.dispose();
  }

  /** The files of each batch of the next epoch. */
  #nextChunks(): (readonly ImageFile[])[] {
    const order = this.#nextOrder();
    const { batch, broken } = this.#resumed ?? { batch: 0, broken: new Set() };
    this.#resumed = null;
    const isWhole = ({ path }: ImageFile) => !broken.has(path);
    const chunks: (readonly ImageFile[])[] = [];
    for (let i = 0; i < order.length; i += this.options.batchSize)
      chunks.push(order.slice(i, i + this.options.batchSize).filter(isWhole));
    this.#files = this.#files.filter(isWhole);
    return chunks.filter((chunk) => chunk.length > 0).slice(batch);
  }

  #nextOrder(): readonly ImageFile[] {
    const { shuffle, seed } = this.options;
    const epoch = this.#epoch;
    this.#epoch += 1;
    return shuffle ? shuffled(this.#files, createRandom(deriveSeed(seed, `epoch ${epoch}`))) : this.#files;
  }

  #start(files: readonly ImageFile[]): LoadingImages {
    const cache = this.#cache;
    if (!cache?.has(files)) return this.loader.start(files);
    return { files, finish: () => Promise.resolve(cache.take(files)) };
  }

  async #finish(loading: LoadingImages): Promise<ImageBatch | null> {
    const loaded = await loading.finish();
    if (!(loaded instanceof tf.Tensor)) return this.#without(loaded, loading.files);
    if (this.#cache && !this.#cache.has(loading.files)) this.#cache.add(loading.files, loaded);
    return { xs: loaded, ys: labels(loading.files) };
  }

  async #without(broken: readonly ImageProblem[], files: readonly ImageFile[]): Promise<ImageBatch | null> {
    if (this.options.onBadImage === 'fail') throw badImages(broken);
    // In the epoch that runs: the count is of the one that comes next.
    this.#leftOut.add(broken, this.#epoch - 1);
    const paths = new Set(broken.map(({ path }) => path));
    this.#files = this.#files.filter(({ path }) => !paths.has(path));
    const good = files.filter(({ path }) => !paths.has(path));
    return good.length === 0 ? null : this.#finish(this.#start(good));
  }
}

/** What is known of an epoch that was interrupted. */
interface ResumedEpoch {
  /** How many of its batches are done. */
  readonly batch: number;
  /** Paths of the images that were found not to decode in those. */
  readonly broken: ReadonlySet<string>;
}

/** As float32. */
function bytesAnImage([height, width]: ImageSize): number {
  return height * width * 3 * 4;
}

function defaultPrefetch(bytesABatch: number): number {
  return Math.max(1, Math.min(4, Math.floor((256 * 2 ** 20) / bytesABatch)));
}

function checkPrefetch(prefetch: number): void {
  if (Number.isSafeInteger(prefetch) && prefetch >= 0) return;
  throw new SignetError('INVALID_ARGUMENT', `prefetch is a whole number of batches from 0. Received: ${prefetch}.`);
}

function labels(files: readonly ImageFile[]): tf.Tensor1D {
  return tf.tensor1d(
    files.map(({ label }) => label),
    'int32',
  );
}
