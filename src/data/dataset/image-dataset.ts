import { SignetError } from '../../errors.js';
import { completePreprocessing, type ImageSize, type Preprocessing, preprocessingNames } from '../../ops/fit-images.js';
import * as tf from '../../tensorflow/tf.js';
import { badImages } from '../scan/describe-problems.js';
import { countClasses, type ImageScan, multiHot } from '../scan/image-scan.js';
import { ImageCache } from './image-cache.js';
import { ImageLoader, type LoadingBatch, type LoadingImages } from './image-loader.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { LeftOutImages } from '../scan/left-out-images.js';
import { createRandom, deriveSeed, shuffled } from './random.js';
import type { OnBadImage } from '../scan/scan-report.js';

/** Options of an ImageDataset. A model that the dataset is given to decides how images are turned and resized; see `imageSize`. */
export interface ImageDatasetOptions extends Preprocessing {
  /**
   * Height and width that every image is resized to, in pixels. Default: the size of the model's input once the dataset is given to
   * `fit`, `fitDataset`, `evaluateDataset` or `evaluateClassifier`; 256 x 256 if it is read before.
   */
  readonly imageSize?: ImageSize | undefined;
  /** Number of images per batch; the last one may be smaller. Default: 32. */
  readonly batchSize?: number | undefined;
  /** Whether each epoch has its own order. Default: true. */
  readonly shuffle?: boolean | undefined;
  /** Seed of the orders: the same seed gives the same order in every run. Default: 0. */
  readonly seed?: number | undefined;
  /** Number of batches that TensorFlow's own threads decode ahead. Default: 4, fewer if they would take more than 256 MiB. */
  readonly prefetch?: number | undefined;
  /** Memory for decoded images, in MiB; either all of them are kept or none. Default: 512; 0 keeps none. */
  readonly cacheMebibytes?: number | undefined;
  /** What happens when an image passes the scan but does not decode: `fail` stops with an error, `skip` leaves it out. Default: `fail`. */
  readonly onBadImage?: OnBadImage | undefined;
}

/**
 * A batch of images, owned by the caller: `xs` float32 [n, height, width, 3], 0 to 255; `ys` int32 [n], positions in `classNames`, or int32 [n,
 * classes] if an image may have several classes, 1 for each that it has.
 *
 * A type and not an interface: `tf.data.Dataset` takes only types with an index signature.
 */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- see above
export type ImageBatch = {
  /** Pixels of the images. */
  readonly xs: tf.Tensor4D;
  /** Their labels. */
  readonly ys: tf.Tensor1D | tf.Tensor2D;
};

/**
 * The images of a scanned directory in batches, for `fit` and `evaluateDataset`.
 *
 * TensorFlow's own threads read and decode files some batches ahead while a training step runs. Memory holds those batches, and all
 * images if the set is small.
 */
export class ImageDataset extends tf.data.Dataset<ImageBatch> {
  /** Number of batches per epoch. */
  override readonly size: number;
  /** Names of the classes in the order of their labels. */
  readonly classNames: readonly string[];
  /** Whether an image may have several classes, or none. */
  readonly isMultiLabel: boolean;
  #files: readonly ImageFile[];
  #epoch = 0;
  readonly #leftOut: LeftOutImages;
  /** Where to resume within the first epoch; null after that. */
  #resumed: ResumedEpoch | null = null;
  #imageSize: ImageSize | null;
  #preprocessing: Preprocessing;
  /** Null while no pass needs it: other data sets may use its session then. */
  #loader: Promise<ImageLoader> | null = null;
  /** Undefined before the first batch; null for a set that is too large to be kept in memory. */
  #cache: ImageCache | null | undefined;
  /** Number of passes over the images that have begun and not ended. */
  #passes = 0;
  /** Whether others decode images with the loader. */
  #isLent = false;
  #isDisposed = false;

  private constructor(
    scan: Pick<ImageScan, 'classNames' | 'isMultiLabel' | 'files'>,
    private readonly options: ImageDatasetSettings,
  ) {
    super();
    this.#files = scan.files;
    this.#leftOut = new LeftOutImages(scan.files);
    this.#imageSize = options.imageSize ?? null;
    const { exif, decode, resize, antialias } = options;
    this.#preprocessing = { exif, decode, resize, antialias };
    this.classNames = scan.classNames;
    this.isMultiLabel = scan.isMultiLabel ?? false;
    this.size = Math.ceil(scan.files.length / options.batchSize);
  }

  /** @throws SignetError `INVALID_ARGUMENT`. */
  // oxlint-disable-next-line typescript/require-await -- what is wrong with the options rejects, as what is wrong with images does.
  static async create(scan: ImageScan, options: ImageDatasetOptions = {}): Promise<ImageDataset> {
    const { batchSize = 32, shuffle = true, seed = 0, cacheMebibytes = 512, onBadImage = 'fail' } = options;
    const { imageSize, prefetch, exif, decode, resize, antialias } = options;
    if (prefetch !== undefined) checkPrefetch(prefetch);
    const settings = {
      batchSize,
      shuffle,
      seed,
      cacheMebibytes,
      onBadImage,
      imageSize,
      prefetch,
      exif,
      decode,
      resize,
      antialias,
    };
    return new ImageDataset(scan, settings);
  }

  /** Height and width that images are resized to, in pixels; null while that is open. */
  get imageSize(): ImageSize | null {
    return this.#imageSize;
  }

  /**
   * Makes the dataset turn and resize images as a model does, and to its size, unless something else was set.
   *
   * @param size Height and width in pixels.
   * @throws SignetError `INVALID_ARGUMENT` that names both when the dataset has another size or other preprocessing.
   */
  fitTo(size: ImageSize, preprocessing: Preprocessing = {}): void {
    this.#fitToPreprocessing(preprocessing);
    this.#imageSize ??= size;
    const [[height, width], [wantedHeight, wantedWidth]] = [this.#imageSize, size];
    if (height === wantedHeight && width === wantedWidth) return;
    throw new SignetError(
      'INVALID_ARGUMENT',
      `The dataset has images of ${height} x ${width} pixels, the model takes ${wantedHeight} x ${wantedWidth}. ` +
        `Leave imageSize out, and the dataset follows the model, or give imageSize: [${wantedHeight}, ${wantedWidth}].`,
    );
  }

  #fitToPreprocessing(wanted: Preprocessing): void {
    const own = this.#preprocessing;
    for (const name of preprocessingNames) {
      if (own[name] === undefined || wanted[name] === undefined || own[name] === wanted[name]) continue;
      throw new SignetError(
        'INVALID_ARGUMENT',
        `The dataset reads images with ${name}: ${own[name]}, the model with ${name}: ${wanted[name]}. ` +
          `Leave ${name} out, and the dataset follows the model.`,
      );
    }
    this.#preprocessing = completed(own, wanted);
  }

  /** The images of an epoch in the order of the scan; after the first epoch, without images that do not decode. */
  get files(): readonly ImageFile[] {
    return this.#files;
  }

  /** Images that were left out because they do not decode. */
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

  /** Sets the number of the next epoch, from 0: a resumed training continues with that epoch's order. */
  startAtEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  /** Its state in addition to epoch and batch, as JSON: the images that were left out. */
  saveState(): unknown {
    return this.#leftOut.saveState();
  }

  /**
   * Resumes where a dataset of the same files was: the next epoch is the one of the position, from its batch on, without the images that were left
   * out. Skipped batches are not decoded.
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

  /** Returns the batches of the next epoch; TF.js's `fitDataset` and `evaluateDataset` call it. */
  override async iterator(): Promise<Awaited<ReturnType<tf.data.Dataset<ImageBatch>['iterator']>>> {
    // TF.js's typings know only synchronous generators; it awaits the results of asynchronous ones.
    const batches = () => this.batches() as unknown as Iterator<ImageBatch>;
    return tf.data.generator<ImageBatch>(batches).iterator();
  }

  /** The batches of one epoch; each call starts the next epoch's order. */
  async *batches(): AsyncGenerator<ImageBatch> {
    const chunks = this.#nextChunks();
    this.#passes += 1;
    try {
      // The reader loads images.
      yield* this.#batches(chunks, await this.#open()) as AsyncGenerator<ImageBatch>;
    } finally {
      this.#passes -= 1;
    }
    if (this.#passes > 0 || this.#isLent || this.#isDisposed) return;
    this.#freeLoader();
    this.#loader = null;
  }

  /**
   * Makes a data set of some of these images in a fixed order, in batches of the same size. Images that this data set keeps in memory are not decoded
   * again.
   */
  sampleOf(files: readonly ImageFile[]): ImageDataset {
    const { classNames, isMultiLabel } = this;
    const sample = new ImageDataset(
      { classNames, isMultiLabel, files },
      { ...this.options, shuffle: false, cacheMebibytes: 0 },
    );
    sample.#imageSize = this.#imageSize;
    sample.#preprocessing = this.#preprocessing;
    sample.#cache = this.#cache;
    return sample;
  }

  /** The batches of one epoch with something else in place of the images, which `source` makes of the files. */
  async *batchesFrom(source: BatchSource): AsyncGenerator<MadeBatch> {
    yield* this.#batches(this.#nextChunks(), { loader: source, cache: null, prefetch: 0 });
  }

  /** Starts decoding some of the files, after those that were started earlier. */
  async startDecoding(files: readonly ImageFile[]): Promise<LoadingImages> {
    this.#isLent = true;
    if (this.#isClosed) return { files, finish: () => Promise.reject(disposed()) };
    return (await this.#openLoader()).start(files);
  }

  /** The epoch that comes next, from 0. */
  get nextEpoch(): number {
    return this.#epoch;
  }

  /** Memory for images, or for features made from them, in MiB. */
  get cacheMebibytes(): number {
    return this.options.cacheMebibytes;
  }

  /** Whether an image that does not decode is an error rather than left out. */
  get failsOnBadImage(): boolean {
    return this.options.onBadImage === 'fail';
  }

  async *#batches(waiting: (readonly ImageFile[])[], reader: Reader<BatchSource>): AsyncGenerator<MadeBatch> {
    const started: LoadingBatch[] = [];
    while (waiting.length > 0 || started.length > 0) {
      const free = reader.prefetch + 1 - started.length;
      started.push(...waiting.splice(0, free).map((files) => start(reader, files)));
      // A training loop never yields to the event loop by itself, and what follows may block: timers and Ctrl-C need a turn.
      await new Promise(setImmediate);
      const [first] = started.splice(0, 1);
      const batch = first ? await this.#finish(reader, first) : null;
      if (batch) yield batch;
    }
  }

  /** Frees the decoder. */
  dispose(): void {
    this.#isDisposed = true;
    this.#freeLoader();
  }

  /** Whether it was disposed of when it had no loader. */
  get #isClosed(): boolean {
    return this.#isDisposed && !this.#loader;
  }

  #freeLoader(): void {
    this.#loader?.then((loader) => loader.dispose()).catch(() => undefined);
  }

  async #open(): Promise<Reader<BatchSource>> {
    const { imageSize, cache } = this.#settle();
    const { batchSize, prefetch = defaultPrefetch(batchSize * bytesPerImage(imageSize)) } = this.options;
    return { loader: cache?.has(this.#files) ? noLoader : await this.#openLoader(), cache, prefetch };
  }

  /** Decides what the first batch needs: until then the size of the images may be open. */
  #settle() {
    const imageSize = (this.#imageSize ??= defaultSize);
    const preprocessing = (this.#preprocessing = completePreprocessing(this.#preprocessing));
    if (this.#cache === undefined) {
      const fits = this.#files.length * bytesPerImage(imageSize) <= this.options.cacheMebibytes * 2 ** 20;
      this.#cache = fits ? new ImageCache([...imageSize, 3]) : null;
    }
    return { imageSize, preprocessing, cache: this.#cache };
  }

  async #openLoader(): Promise<ImageLoader> {
    if (this.#isClosed) throw disposed();
    const { imageSize, preprocessing } = this.#settle();
    this.#loader ??= ImageLoader.create({ imageSize, preprocessing });
    return this.#loader;
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

  async #finish(reader: Reader<BatchSource>, loading: LoadingBatch): Promise<MadeBatch | null> {
    const loaded = await loading.finish();
    if (!(loaded instanceof tf.Tensor)) return this.#without(reader, loaded, loading.files);
    // Only images are cached here.
    if (reader.cache && !reader.cache.has(loading.files)) reader.cache.add(loading.files, loaded as tf.Tensor4D);
    return { xs: loaded, ys: this.#labels(loading.files) };
  }

  #labels(files: readonly ImageFile[]): tf.Tensor1D | tf.Tensor2D {
    if (!this.isMultiLabel) return tf.tensor1d(files.map(({ label }) => label), 'int32'); // prettier-ignore
    const classes = this.classNames.length;
    return tf.tensor2d(multiHot(files, classes), [files.length, classes], 'int32');
  }

  async #without(
    reader: Reader<BatchSource>,
    broken: readonly ImageProblem[],
    files: readonly ImageFile[],
  ): Promise<MadeBatch | null> {
    if (this.options.onBadImage === 'fail') throw badImages(broken);
    // In the current epoch: the count is that of the next one.
    this.#leftOut.add(broken, this.#epoch - 1);
    const paths = new Set(broken.map(({ path }) => path));
    this.#files = this.#files.filter(({ path }) => !paths.has(path));
    const good = files.filter(({ path }) => !paths.has(path));
    return good.length === 0 ? null : this.#finish(reader, start(reader, good));
  }
}

/** The options with their defaults; options that depend on the image size are filled in from it. */
type ImageDatasetSettings = ImageDatasetOptions &
  Required<{ [K in 'batchSize' | 'shuffle' | 'seed' | 'cacheMebibytes' | 'onBadImage']: NonNullable<ImageDatasetOptions[K]> }>; // prettier-ignore

/** Something that makes batches of files. */
export interface BatchSource {
  /** Begins to make a batch of some files. */
  start(files: readonly ImageFile[]): LoadingBatch;
}

/** A batch, owned by the caller: `xs` is what was made from n images, `ys` its labels, see `ImageBatch`. */
export interface MadeBatch {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor1D | tf.Tensor2D;
}

/** Decoder of a dataset's images, made once their size is known, or another source of its batches. */
interface Reader<Loader extends BatchSource> {
  readonly loader: Loader;
  /** Null for a set that is too large to be kept in memory. */
  readonly cache: ImageCache | null;
  /** Number of batches that are decoded ahead. */
  readonly prefetch: number;
}

function completed(own: Preprocessing, { exif, decode, resize, antialias }: Preprocessing): Preprocessing {
  return {
    exif: own.exif ?? exif,
    decode: own.decode ?? decode,
    resize: own.resize ?? resize,
    antialias: own.antialias ?? antialias,
  };
}

/** Keras's default, in pixels. */
const defaultSize: ImageSize = [256, 256];

function disposed(): SignetError {
  return new SignetError('INVALID_ARGUMENT', 'What decodes the images has been disposed of.');
}

/** Where every image is kept in memory. */
const noLoader: BatchSource = {
  start: () => {
    throw new Error('unreachable: all images are in memory');
  },
};

function start({ cache, loader }: Reader<BatchSource>, files: readonly ImageFile[]): LoadingBatch {
  if (!cache?.has(files)) return loader.start(files);
  return { files, finish: () => Promise.resolve(cache.take(files)) };
}

/** State of an epoch that was interrupted. */
interface ResumedEpoch {
  /** Number of its batches that are done. */
  readonly batch: number;
  /** Paths of the images that were found not to decode in those. */
  readonly broken: ReadonlySet<string>;
}

/** Size of a decoded image, as float32. */
function bytesPerImage([height, width]: ImageSize): number {
  return height * width * 3 * 4;
}

function defaultPrefetch(bytesPerBatch: number): number {
  return Math.max(1, Math.min(4, Math.floor((256 * 2 ** 20) / bytesPerBatch)));
}

function checkPrefetch(prefetch: number): void {
  if (Number.isSafeInteger(prefetch) && prefetch >= 0) return;
  throw new SignetError('INVALID_ARGUMENT', `prefetch is a whole number of batches from 0. Received: ${prefetch}.`);
}
