import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import type { LoadingBatch } from '../../data/dataset/image-loader.js';
import type { ImageProblem } from '../../data/image-file/image-problem.js';
import { badImages } from '../../data/scan/describe-problems.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import * as tf from '../../tensorflow/tf.js';
import type { FeatureNetwork } from './feature-network.js';
import { FeatureStore } from './feature-store.js';

/** Thrown when a training is stopped while features are computed: nothing has been trained on them yet. */
export class StoppedBeforeStep extends Error {
  override readonly name = 'StoppedBeforeStep';
}

/** The data of a training whose images are augmented: some views of each image, which the epochs take in turn. */
export interface FeatureViews {
  /** Number of views per image. */
  readonly count: number;
  /** Augments images, float32 [n, height, width, channels]; the same images with the same number give the same result. */
  readonly augment: (images: tf.Tensor, number: number) => tf.Tensor;
}

/** Options of a FeatureSource. */
export interface FeatureSourceOptions {
  /** Shape of the features of one image. */
  readonly shape: readonly number[];
  /** Called with sentences about what is computed. */
  readonly onNote: (note: string) => void;
  /** Whether the training should stop. */
  readonly isStopped: () => boolean;
  /** Default: the images as they are. */
  readonly views: FeatureViews | null;
}

/** Images per call of the network: enough to use every core, and few enough to show progress and to stop soon. */
const imagesPerCall = 32;
/** Chunks that are decoded ahead. */
const ahead = 2;
/** Seconds between two lines of progress. */
const secondsBetweenNotes = 15;

/**
 * The features of a dataset's images, in place of the images. Those of a view are computed before the first epoch that takes it, in the order of the
 * scan and in chunks of one size: whatever the order of the epochs, and wherever a training resumes, they are the same bit for bit.
 */
export class FeatureSource {
  readonly #store: FeatureStore;
  readonly #values: number;
  /** Problems of images that do not decode, by path. */
  readonly #problems = new Map<string, ImageProblem>();
  /** Views that are computed. */
  readonly #prepared = new Set<number>();

  constructor(
    private readonly images: ImageDataset,
    private readonly network: FeatureNetwork,
    private readonly options: FeatureSourceOptions,
  ) {
    this.#values = tf.util.sizeFromShape([...options.shape]);
    this.#store = new FeatureStore(this.#values, images.cacheMebibytes * 2 ** 20);
  }

  /**
   * Computes the features of all images for an epoch, unless an epoch before took the same view.
   *
   * @throws SignetError `BAD_IMAGE`.
   * @throws StoppedBeforeStep
   */
  async prepare(epoch: number): Promise<void> {
    const view = this.#viewOf(epoch);
    if (this.#prepared.has(view)) return;
    await this.#computeAll(view);
    this.#prepared.add(view);
  }

  /** The features of some images in an epoch, as ImageDataset takes its images. */
  start(files: readonly ImageFile[], epoch: number): LoadingBatch {
    const view = this.#viewOf(epoch);
    const isKnown = ({ path }: ImageFile) => this.#store.has(keyOf(path, view)) || this.#problems.has(path);
    const finish = () => (files.every(isKnown) ? Promise.resolve(this.#kept(files, view)) : this.#computeNow(files, view)); // prettier-ignore
    return { files, finish };
  }

  dispose(): void {
    this.#store.dispose();
  }

  #viewOf(epoch: number): number {
    return epoch % (this.options.views?.count ?? 1);
  }

  async #computeAll(view: number): Promise<void> {
    await this.network.open();
    const { files } = this.images;
    const chunks = Array.from({ length: Math.ceil(files.length / imagesPerCall) }, (_, i) => files.slice(i * imagesPerCall, (i + 1) * imagesPerCall)); // prettier-ignore
    // Started, not awaited: they are decoded while the network runs.
    const decoding = chunks.slice(0, ahead).map((chunk) => this.images.startDecoding(chunk));
    const pace = new Pace(files.length, this.options.onNote);
    for (const [i, chunk] of chunks.entries()) {
      if (this.options.isStopped()) throw new StoppedBeforeStep('the training should stop');
      const next = chunks[i + ahead];
      if (next) decoding.push(this.images.startDecoding(next));
      const loaded = await (await decoding.shift())?.finish();
      if (loaded) await this.#keepAll(loaded, chunk, { view, number: view * chunks.length + i });
      pace.add(chunk.length);
    }
    const { count } = this.options.views ?? { count: 1 };
    pace.end(count > 1 ? `view ${view + 1} of ${count}` : '', this.#store.onDisk);
  }

  /** Computes and keeps the features of a chunk, and notes which of its images do not decode. */
  async #keepAll(loaded: Loaded, files: readonly ImageFile[], draw: Draw): Promise<void> {
    if (loaded instanceof tf.Tensor) {
      this.#compute(loaded, files, draw).dispose();
      return;
    }
    if (this.images.failsOnBadImage) throw badImages(loaded);
    for (const problem of loaded) this.#problems.set(problem.path, problem);
    const good = files.filter(({ path }) => !this.#problems.has(path));
    if (good.length > 0) await this.#keepAll(await this.#decode(good), good, draw);
  }

  /** Computes and keeps features; the images are freed. */
  #compute(images: tf.Tensor, files: readonly ImageFile[], { view, number }: Draw): tf.Tensor {
    const { views } = this.options;
    const seen = views ? views.augment(images, number) : images;
    const features = this.network.run(seen);
    tf.dispose([images, seen]);
    const all = features.dataSync<'float32'>();
    const record = (i: number) => all.subarray(i * this.#values, (i + 1) * this.#values);
    files.forEach(({ path }, i) => this.#store.add(keyOf(path, view), record(i)));
    return features;
  }

  /** Computes features that are not kept, since the disk is full. */
  async #computeNow(files: readonly ImageFile[], view: number): Promise<Loaded> {
    const loaded = await this.#decode(files);
    return loaded instanceof tf.Tensor ? this.#compute(loaded, files, { view, number: view }) : loaded;
  }

  async #decode(files: readonly ImageFile[]): Promise<Loaded> {
    return (await this.images.startDecoding(files)).finish();
  }

  #kept(files: readonly ImageFile[], view: number): Loaded {
    const problems = files.flatMap(({ path }) => this.#problems.get(path) ?? []);
    if (problems.length > 0) return problems;
    const all = new Float32Array(files.length * this.#values);
    files.forEach(({ path }, i) => this.#store.copy(keyOf(path, view), all, i * this.#values));
    return tf.tensor(all, [files.length, ...this.options.shape]);
  }
}

/** The view and the number that augmentation depends on. */
interface Draw {
  readonly view: number;
  readonly number: number;
}

function keyOf(path: string, view: number): string {
  return `${view} ${path}`;
}

/** Reports the progress of features. */
class Pace {
  readonly #start = performance.now();
  #noted = this.#start;
  #done = 0;

  constructor(
    private readonly all: number,
    private readonly onNote: (note: string) => void,
  ) {}

  add(images: number): void {
    this.#done += images;
    if (performance.now() - this.#noted < secondsBetweenNotes * 1000) return;
    this.#noted = performance.now();
    const left = (this.#seconds / this.#done) * (this.all - this.#done);
    this.onNote(`features of ${this.#done} of ${this.all} images, ${this.#speed}, ${left.toFixed(0)} s left`);
  }

  end(what: string, onDisk: number): void {
    const place = onDisk > 0 ? `, ${onDisk} of them on the disk` : '';
    const view = what === '' ? '' : `, ${what},`;
    this.onNote(`features of ${this.all} images${view} in ${this.#seconds.toFixed(1)} s (${this.#speed})${place}`);
  }

  get #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  get #speed(): string {
    return `${(this.#done / this.#seconds).toFixed(0)} images/s`;
  }
}

/** Pixels or features, or what is wrong with some of the images. */
type Loaded = tf.Tensor | readonly ImageProblem[];
