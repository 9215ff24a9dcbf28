import { SignetError } from '../../errors.js';
import type { ImageProblem } from '../../data/image-file/image-problem.js';
import { checkDataset } from '../../data/scan/check-dataset.js';
import { describeDuplicates, duplicatesToLeaveOut, withoutImages } from '../../data/scan/duplicate-report.js';
import { findDuplicates } from '../../data/scan/find-duplicates.js';
import { ImageDataset } from '../../data/dataset/image-dataset.js';
import { splitFiles } from '../../data/dataset/split-files.js';
import type { Subset } from '../../data/list/list-row.js';
import { matchClasses } from '../../data/source/match-classes.js';
import { withLabelsOf } from '../../data/source/with-labels-of.js';
import { deriveSeed } from '../../data/dataset/random.js';
import { countClasses, nameOfScan } from '../../data/scan/image-scan.js';
import { listProblems } from '../../data/scan/describe-problems.js';
import type { ImageScan } from '../../data/scan/image-scan.js';
import type { ImageSize } from '../../ops/decode-and-resize.js';
import { balancedClassWeight, balancedPositiveWeight, type ClassWeight } from '../../training/class-weight.js';
import { EditsOfFlags } from './edits-of-flags.js';
import { separateTestSource, trainingSource } from '../shared/dataset-sources.js';
import { scanDataset, type ScannedDataset } from '../shared/scan-dataset.js';
import type { TrainModelOptions } from './train-model-options.js';
import { quoted } from '../../text/printable.js';
import { tell } from '../../text/tell.js';

/** How many images there are to train on, and for the validation. */
export type ImageCounts = Readonly<Record<'train' | 'validation', number>>;

/** Options that say which images a training learns from. */
export type TrainingSetOptions = Pick<
  TrainModelOptions,
  | 'datasetPath'
  | 'trainDatasetPath'
  | 'trainList'
  | 'testList'
  | 'testSplit'
  | 'validationSplit'
  | 'seed'
  | 'batchSize'
  | 'onBadImage'
  | 'exif'
> &
  Partial<Pick<TrainModelOptions, 'labelField' | 'testDatasetPath' | 'classWeights' | 'exclude' | 'relabel'>>;

/** The images that a training reads. */
export interface OpenedImages {
  readonly train: ImageDataset;
  readonly validation: ImageDataset;
}

/** The training set: the images that a training learns from, and the images used to choose its best epoch. */
export class TrainingSet {
  /** Kept: a split shuffles all files. */
  readonly #parts = new Map<'training' | 'validation', ImageScan>();

  private constructor(
    private readonly scanned: ScannedDataset,
    private readonly options: TrainingSetOptions,
    /** Test images of the same source; null where the test set is another one. */
    readonly test: ImageScan | null,
    private readonly edits: EditsOfFlags,
  ) {}

  /** @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`. */
  static async scan(options: TrainingSetOptions): Promise<TrainingSet> {
    const hasOtherTest = options.trainDatasetPath !== undefined || separateTestSource(options) !== null;
    const subsets = hasOtherTest ? (['training', 'validation'] as const) : undefined;
    const { onBadImage, exif } = options;
    const edits = await EditsOfFlags.read(options);
    const { scan: found, skippedList } = await scanDataset(trainingSource(options), onBadImage, { subsets, exif });
    const scan = edits.apply(found, hasOtherTest ? ['training'] : ['training', 'test']);
    const { training, test } = hasOtherTest ? { training: scan, test: null } : splitOffTest(scan, options);
    checkDataset(training, []);
    return new TrainingSet({ scan: training, skippedList }, options, test, edits);
  }

  /** The set without some of its images. */
  without(images: readonly ImageProblem[]): TrainingSet {
    const test = this.test && withoutImages(this.test, images);
    return new TrainingSet(without(this.scanned, images), this.options, test, this.edits);
  }

  /** A test set of another source as the flags edit it. */
  editTest(test: ImageScan): ImageScan {
    return this.edits.apply(test, ['test']);
  }

  /** All images to train on and for the validation. */
  get scan(): ImageScan {
    return this.scanned.scan;
  }

  get classNames(): readonly string[] {
    return this.scan.classNames;
  }

  /** Whether an image may have several classes, or none. */
  get isMultiLabel(): boolean {
    return this.scan.isMultiLabel ?? false;
  }

  /** Files that the scan left out, one line per file; empty if there are none. */
  get skippedList(): string {
    return this.scanned.skippedList;
  }

  /**
   * Images of one side: those that a list names for it, otherwise those that are drawn by the seed.
   *
   * @throws SignetError `INVALID_ARGUMENT` when there is no image for the validation.
   */
  part(subset: 'training' | 'validation'): ImageScan {
    const part = this.#parts.get(subset) ?? this.#split(subset);
    this.#parts.set(subset, part);
    return part;
  }

  #split(subset: 'training' | 'validation'): ImageScan {
    const { seed, validationSplit } = this.options;
    if (!hasSubset(this.scan, 'validation')) return splitFiles(this.scan, { seed, validationSplit, subset });
    return onlySubset(this.scan, subset);
  }

  /** Whether a seed and the folder alone do not determine the sides, so that a training elsewhere must be given their images. */
  get isChosen(): boolean {
    return this.scan.list !== undefined || this.test !== null || !this.edits.isEmpty;
  }

  get imageCounts(): ImageCounts {
    return { train: this.part('training').files.length, validation: this.part('validation').files.length };
  }

  /** Classes without an image in a part of the split, one sentence per part; empty if all classes have images in both. */
  get missingClasses(): string[] {
    return (['training', 'validation'] as const).flatMap((subset) => {
      const counts = countClasses(this.part(subset).files, this.classNames.length);
      const without = this.classNames.filter((_, label) => counts[label] === 0);
      if (without.length === 0) return [];
      const what = subset === 'training' ? 'to train on' : 'for the validation';
      return [`no image ${what} of ${quoted(without)}: add images, two of a class at least`];
    });
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.imageCounts.train / this.options.batchSize);
  }

  /** The weights that `--class-weights` asks for; none where every image counts the same. */
  get classWeight(): ClassWeight {
    if (this.options.classWeights !== 'balanced') return {};
    const { files } = this.part('training');
    const counts = countClasses(files, this.classNames.length);
    return this.isMultiLabel ? balancedPositiveWeight(counts, files.length) : balancedClassWeight(counts);
  }
}

/** All images of a training in this process or another: the training set, the test set, and their batches. */
export class TrainingData {
  readonly #opened: ImageDataset[] = [];
  /** The data sets of whole sides. */
  readonly #sides = new Map<'training' | 'validation', ImageDataset>();

  private constructor(
    readonly set: TrainingSet,
    private readonly test: ScannedDataset,
    private readonly options: TrainModelOptions,
    /** What is known about images with the same bytes, a sentence for each kind; those are left out if `--on-duplicate skip` says so. */
    readonly duplicates: readonly string[],
  ) {}

  /**
   * Scans the training set and the test set.
   *
   * @throws SignetError `INVALID_DATASET` (also for duplicates with `--on-duplicate fail`), `BAD_IMAGE`; `CLASSES_DIFFER` when the test set has other classes than the training set.
   */
  static async scan(options: TrainModelOptions): Promise<TrainingData> {
    const set = await TrainingSet.scan(options);
    const test = await scanTest(set, options);
    const groups = await findDuplicates(set.scan, test.scan);
    const duplicates = describeDuplicates(groups);
    if (options.onDuplicate !== 'skip') checkDuplicates(duplicates, options.onDuplicate);
    const leftOut = options.onDuplicate === 'skip' ? duplicatesToLeaveOut(groups) : [];
    const remaining = set.without(leftOut);
    for (const each of remaining.missingClasses) tell(`warning: ${each}`);
    return new TrainingData(remaining, without(test, leftOut), options, duplicates);
  }

  /** Whether the test images are a part of the training set's source. */
  get hasOwnTest(): boolean {
    return this.set.test !== null;
  }

  /** The images of the test set. */
  get testScan(): ImageScan {
    return this.test.scan;
  }

  /** Batches to train on. */
  openTraining(imageSize: ImageSize): Promise<ImageDataset> {
    return this.#openSide('training', imageSize, true);
  }

  /** Batches for the validation, in an order that never changes. */
  openValidation(imageSize: ImageSize): Promise<ImageDataset> {
    return this.#openSide('validation', imageSize, false);
  }

  /**
   * Batches of some images of a side, taken evenly from all, in an order that never changes. They are read once, so no more are cached than the side
   * has cached already.
   */
  async openSample(subset: 'training' | 'validation', imageSize: ImageSize, most: number): Promise<ImageDataset> {
    const part = this.set.part(subset);
    const every = Math.ceil(part.files.length / most);
    const files = part.files.filter((_, i) => i % every === 0);
    const side = this.#sides.get(subset);
    if (!side) return this.#open({ ...part, files }, imageSize, { shuffle: false, cacheMebibytes: 0 });
    const sample = side.sampleOf(files);
    this.#opened.push(sample);
    return sample;
  }

  /** Batches of the test set. They are read once, so none is cached. */
  openTest(imageSize: ImageSize): Promise<ImageDataset> {
    return this.#open(this.test.scan, imageSize, { shuffle: false, cacheMebibytes: 0 });
  }

  /** Files left out so far, one line per file: first the ones that a scan found, then the ones that did not decode. */
  get skippedList(): string {
    // The images of the validation may have been opened twice.
    const undecodable = new Map(
      this.#opened.flatMap(({ skipped }) => skipped.map((each) => [each.path, each] as const)),
    );
    return [this.set.skippedList, this.test.skippedList, listProblems([...undecodable.values()])].join('');
  }

  /** Frees the batches that were opened. */
  dispose(): void {
    for (const dataset of this.#opened) dataset.dispose();
  }

  async #openSide(side: 'training' | 'validation', imageSize: ImageSize, shuffle: boolean): Promise<ImageDataset> {
    const dataset = await this.#open(this.set.part(side), imageSize, { shuffle });
    this.#sides.set(side, dataset);
    return dataset;
  }

  async #open(
    scan: ImageScan,
    imageSize: ImageSize,
    own: { readonly shuffle: boolean; readonly cacheMebibytes?: number },
  ): Promise<ImageDataset> {
    const { batchSize, seed, onBadImage, cache, exif, decode, resize, antialias } = this.options;
    const { shuffle, cacheMebibytes = cache } = own;
    const dataset = await ImageDataset.create(scan, {
      imageSize,
      exif,
      decode,
      resize,
      antialias,
      batchSize,
      seed,
      onBadImage,
      shuffle,
      cacheMebibytes,
    });
    this.#opened.push(dataset);
    return dataset;
  }
}

/** @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`, `CLASSES_DIFFER`. */
async function scanTest(set: TrainingSet, options: TrainModelOptions): Promise<ScannedDataset> {
  const source = separateTestSource(options);
  if (source === null) return { scan: set.test ?? set.scan, skippedList: '' };
  const { scan, skippedList } = await scanDataset(source, options.onBadImage, {
    subsets: ['test'],
    exif: options.exif,
  });
  const trained = nameOfScan(set.scan);
  const sources = { found: `the test set ${source.name}`, expected: `the training set ${trained}` };
  const matched = matchClasses(scan, set.classNames, sources);
  const labelled = withLabelsOf(matched, set.isMultiLabel, `the training set ${trained} gives each image one class`);
  return { scan: set.editTest(labelled), skippedList };
}

/** Takes the test images that a list names, otherwise the share of each class that is drawn by the seed. */
function splitOffTest(
  scan: ImageScan,
  { testSplit, seed }: TrainingSetOptions,
): Record<'training' | 'test', ImageScan> {
  if (hasSubset(scan, 'test')) {
    const files = scan.files.filter(({ subset }) => subset !== 'test');
    return { training: { ...scan, files }, test: onlySubset(scan, 'test') };
  }
  // Images for the validation that a list names stay what they are.
  const [fixed, drawn] = [scan.files.filter(({ subset }) => subset === 'validation'), scan.files.filter(({ subset }) => subset !== 'validation')]; // prettier-ignore
  const split = { validationSplit: testSplit, seed: deriveSeed(seed, 'test split') };
  const [training, test] = (['training', 'validation'] as const).map((subset) => splitFiles({ ...scan, files: drawn }, { ...split, subset })) as [ImageScan, ImageScan]; // prettier-ignore
  const kept = new Set([...fixed, ...training.files]);
  return { training: { ...scan, files: scan.files.filter((file) => kept.has(file)) }, test };
}

function hasSubset({ files }: ImageScan, wanted: Subset): boolean {
  return files.some(({ subset }) => subset === wanted);
}

function onlySubset(scan: ImageScan, wanted: Subset): ImageScan {
  return { ...scan, files: scan.files.filter(({ subset }) => subset === wanted) };
}

function checkDuplicates(notes: readonly string[], onDuplicate: 'warn' | 'fail'): void {
  if (notes.length === 0) return;
  const ways =
    'To leave them out: --on-duplicate skip. check-dataset finds pictures that were saved again, too, and suspicious labels.';
  if (onDuplicate === 'fail') {
    throw new SignetError('INVALID_DATASET', `Images have the same bytes.\n${notes.join('\n')}\n${ways}`);
  }
  tell(`${notes.map((note) => `warning: ${note}\n`).join('')}  ${ways}`);
}

/** @throws SignetError `INVALID_DATASET` when a class has no image left. */
function without(scanned: ScannedDataset, images: readonly ImageProblem[]): ScannedDataset {
  if (images.length === 0) return scanned;
  const { scan, skippedList } = scanned;
  const remaining = withoutImages(scan, images);
  if (scan.list === undefined) checkDataset(remaining, []);
  const paths = new Set(scan.files.map(({ path }) => path));
  const own = images.filter(({ path }) => paths.has(path));
  if (own.length > 0) tell(`  ${own.length} images of ${nameOfScan(scan)} are left out: others have the same bytes`);
  return { scan: remaining, skippedList: skippedList + listProblems(own) };
}
