import type { ImageProblem } from '../../data/image-file/image-problem.js';
import { withoutImages } from '../../data/scan/duplicate-report.js';
import { findDuplicates } from '../../data/scan/find-duplicates.js';
import { countClasses, type ImageScan } from '../../data/scan/image-scan.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { type CheckedImages, checkedImages, type DataSet } from './checked-images.js';
import { embedImages, type ImageEmbedder, type ImageFeatures } from './embed-images.js';
import {
  type AlikeClasses,
  alikeClasses,
  heldOutProbabilities,
  type LabelSuspect,
  suspectedLabels,
} from './label-errors.js';
import { lookAtPictures } from './look-at-pictures.js';
import { type DuplicatePair, findNearDuplicates, groupsOf } from './near-duplicates.js';
import { nearestNeighbours } from './nearest-neighbours.js';
import { findOddPictures, type OddPicture } from './odd-pictures.js';

/** Data sets to check, and with what. */
export interface DataCheckOptions {
  readonly training: ImageScan;
  /** Test set with the same classes. Default: none. */
  readonly test?: ImageScan | null | undefined;
  /** Network whose features are compared. Default: none; then only pixels are compared, and labels are not checked. */
  readonly embedder?: ImageEmbedder | null | undefined;
  /** Whether images are turned as their EXIF says. Default: `apply`. */
  readonly exif?: ExifHandling | undefined;
  /** Called with what is done, how much of it, and of how much. */
  readonly onProgress?: ((doing: string, done: number, total: number) => void) | undefined;
  /** Ends the check early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Findings about a training set and a test set. Images are positions in `images`, classes positions in `classNames`. */
export interface DataCheck extends CheckedImages {
  /** Pairs that show one picture, the surest first. */
  readonly duplicates: readonly DuplicatePair[];
  /** Labels that are suspected to be wrong, the most suspicious first; null without features. */
  readonly labels: readonly LabelSuspect[] | null;
  /** Pairs of classes that are hard to tell apart; null without features. */
  readonly alike: readonly AlikeClasses[] | null;
  readonly odd: readonly OddPicture[];
  /** Classes with few images. */
  readonly few: readonly FewImages[];
  /** Images that passed the scan and do not decode; they are in no other finding. */
  readonly bad: readonly ImageProblem[];
}

/** A class with few images in a data set. */
export interface FewImages {
  readonly set: DataSet;
  /** Position of the class. */
  readonly label: number;
  readonly images: number;
}

/** Number of neighbours that decide whether an image is unlike all others. */
const neighboursPerImage = 10;

/** Checks a training set, and a test set with it: duplicates, labels, classes, and pictures that stand out. */
export async function checkData(options: DataCheckOptions): Promise<DataCheck> {
  const { training, test = null, embedder = null, exif = 'apply', onProgress, signal } = options;
  const { scans, features, bad } = await readFeatures([training, test], embedder, options);
  const checked = checkedImages(scans[0] ?? training, scans[1] ?? null);
  const { images } = checked;
  const looks = await lookAtPictures(
    images.map(({ file }) => file),
    { exif, onProgress: (done) => onProgress?.('looking at pictures', done, images.length), signal },
  );
  const neighbours = features && images.length > 1 ? await nearestNeighbours(features, { count: neighboursPerImage, signal }) : null; // prettier-ignore
  const duplicates = await findNearDuplicates({
    images,
    looks,
    neighbours,
    sameBytes: await sameBytesOf(scans[0] ?? training, scans[1] ?? null, checked),
    exif,
    onProgress: (done, total) => onProgress?.('comparing pictures', done, total),
    signal,
  });
  const labels = features && (await labelsOfAll(checked, features, duplicates, options));
  return {
    ...checked,
    duplicates,
    labels,
    alike: labels && alikeClasses(checked, labels),
    odd: findOddPictures(images, looks, neighbours),
    few: fewImages(checked),
    bad,
  };
}

interface ReadFeatures {
  /** Without the images that do not decode. */
  readonly scans: readonly (ImageScan | null)[];
  readonly features: ImageFeatures | null;
  readonly bad: readonly ImageProblem[];
}

async function readFeatures(
  scans: readonly (ImageScan | null)[],
  embedder: ImageEmbedder | null,
  { onProgress, signal }: DataCheckOptions,
): Promise<ReadFeatures> {
  if (!embedder) return { scans, features: null, bad: [] };
  const files = scans.flatMap((scan) => scan?.files ?? []);
  const onDone = (done: number) => onProgress?.('computing features', done, files.length);
  const { features, bad } = await embedImages(embedder, files, { onProgress: onDone, signal });
  if (bad.length === 0) return { scans, features, bad };
  const broken = new Set(bad.map(({ path }) => path));
  const whole = scans.map((scan) => scan && withoutImages(scan, bad));
  const { values, size } = features;
  const kept = files.flatMap(({ path }, i) => (broken.has(path) ? [] : [values.subarray(i * size, (i + 1) * size)]));
  const remaining = new Float32Array(kept.length * size);
  kept.forEach((row, i) => remaining.set(row, i * size));
  return { scans: whole, features: { values: remaining, size }, bad };
}

async function sameBytesOf(
  training: ImageScan,
  test: ImageScan | null,
  { images }: CheckedImages,
): Promise<number[][]> {
  const positions = new Map(images.map(({ file, set }, i) => [`${set} ${file.path}`, i]));
  const groups = await findDuplicates(training, test);
  return groups.map(({ files }) => files.flatMap(({ set, path }) => positions.get(`${set} ${path}`) ?? []));
}

/** Suspected labels. An image that stands in two classes is one of the duplicates, and is not repeated. */
async function labelsOfAll(
  checked: CheckedImages,
  features: ImageFeatures,
  duplicates: readonly DuplicatePair[],
  { onProgress, signal }: DataCheckOptions,
): Promise<LabelSuspect[]> {
  const probabilities = await heldOutProbabilities(checked, features, {
    groups: groupsOf(duplicates),
    onProgress: (done, total) => onProgress?.('checking labels', done, total),
    signal,
  });
  return suspectedLabels(checked, probabilities);
}

/** Images below which a class is said to have few: to train on, and to be tested by. */
const fewest: Readonly<Record<DataSet, number>> = { training: 20, test: 10 };

function fewImages({ images, classNames }: CheckedImages): FewImages[] {
  return (['training', 'test'] as const).flatMap((set) => {
    const own = images.filter((image) => image.set === set);
    if (own.length === 0) return [];
    const counts = countClasses(own.map(({ file }) => file), classNames.length); // prettier-ignore
    return counts.flatMap((number, label) => (number < fewest[set] ? [{ set, label, images: number }] : []));
  });
}
