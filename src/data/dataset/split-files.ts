import { SignetError } from '../../errors.js';
import { type ImageScan, labelsOf } from '../scan/image-scan.js';
import { createRandom, shuffled } from './random.js';

/** Part of the files to use, named as in Keras's `image_dataset_from_directory`. */
export interface SplitOptions {
  /** Share of all files that is kept for validation, between 0 and 1. */
  readonly validationSplit: number;
  readonly subset: 'training' | 'validation';
  /**
   * Whether to choose at random, class by class. Default true. If false the last files are the validation files, as in Keras: where
   * files are sorted by class, that is the last classes only.
   */
  readonly shuffle?: boolean | undefined;
  /** Needed to shuffle: the same seed for both subsets keeps them apart. */
  readonly seed?: number | undefined;
}

/**
 * One part of a scan: the same share of each class's files, drawn at random, is for validation.
 *
 * Their number is that of Keras, which draws from all files regardless of class. But a class of two images or more has at least one in each part, and
 * the only image of a class is for training. Class names and the order of the files do not change.
 *
 * If images may have several classes, the rarest class is divided first, then of each further class those images that are not divided yet. The number
 * is then only close to Keras's.
 *
 * @example
 * ```ts
 * const training = splitFiles(scan, { validationSplit: 0.2, subset: 'training', seed: 42 });
 * const validation = splitFiles(scan, { validationSplit: 0.2, subset: 'validation', seed: 42 });
 * ```
 *
 * @throws SignetError `INVALID_ARGUMENT` for a split that is not a fraction, a missing seed or a subset without files.
 */
export function splitFiles(scan: ImageScan, options: SplitOptions): ImageScan {
  check(options);
  const { validationSplit, subset, shuffle = true, seed = 0 } = options;
  const { files } = scan;
  const draw = scan.isMultiLabel ? drawByLabels : drawByClass;
  const validation = shuffle ? draw(files, validationSplit, seed) : lastOf(files, validationSplit);
  checkNotEmpty(validation.size, files.length, validationSplit);
  return { ...scan, files: files.filter((_, position) => validation.has(position) === (subset === 'validation')) };
}

/** @returns Positions of the last files; their number is rounded down, as Keras does. */
function lastOf({ length }: ImageScan['files'], share: number): Set<number> {
  const number = Math.floor(share * length);
  return new Set(Array.from({ length: number }, (_, i) => length - number + i));
}

/** @returns Positions of files; deploy/distributed/image_files.py draws the same. */
function drawByClass(files: ImageScan['files'], share: number, seed: number): Set<number> {
  const positions = shuffled([...files.keys()], createRandom(seed));
  const ofClass = new Map<number, number[]>();
  for (const { label } of files) ofClass.set(label, []);
  for (const position of positions) ofClass.get(files[position]?.label ?? 0)?.push(position);
  const groups = [...ofClass.values()];
  const numbers = apportion(
    groups.map(({ length }) => length),
    share,
  );
  return new Set(groups.flatMap((group, i) => group.slice(group.length - (numbers[i] ?? 0))));
}

/**
 * Divides the images of each class that are not divided yet, the rarest class first, so that its share is right; those without a class come last.
 *
 * Source: Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-label Data" (2011), with whole classes in place of single images.
 *
 * @returns Positions of files.
 */
function drawByLabels(files: ImageScan['files'], share: number, seed: number): Set<number> {
  const ofLabel = new Map<number, number[]>();
  const without: number[] = [];
  for (const position of shuffled([...files.keys()], createRandom(seed))) {
    const labels = labelsOf(files[position] ?? { label: -1, labels: [] });
    for (const label of labels) {
      const group = ofLabel.get(label);
      if (group) group.push(position);
      else ofLabel.set(label, [position]);
    }
    if (labels.length === 0) without.push(position);
  }
  const [chosen, divided] = [new Set<number>(), new Set<number>()];
  const groups = [...ofLabel].sort(([a, one], [b, other]) => one.length - other.length || a - b);
  for (const group of [...groups.map(([, positions]) => positions), without]) {
    const wanted = Math.max(
      Math.min(Math.round(share * group.length), group.length - 1),
      Math.min(1, group.length - 1),
    );
    const lacking = wanted - group.filter((position) => chosen.has(position)).length;
    const open = group.filter((position) => !divided.has(position));
    for (const position of open.slice(0, Math.max(lacking, 0))) chosen.add(position);
    for (const position of open) divided.add(position);
  }
  return chosen;
}

/** Divides a share of all among groups by their sizes: each gets its part rounded down, and those with the largest remainders get one more. */
function apportion(sizes: readonly number[], share: number): number[] {
  const numbers = sizes.map((size) => Math.max(Math.min(Math.floor(share * size), size - 1), Math.min(1, size - 1)));
  const rest = (i: number) => share * (sizes[i] ?? 0) - (numbers[i] ?? 0);
  const byRest = [...sizes.keys()]
    .filter((i) => (numbers[i] ?? 0) < (sizes[i] ?? 0) - 1)
    .sort((a, b) => rest(b) - rest(a));
  const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);
  const lacking = Math.floor(share * sum(sizes)) - sum(numbers);
  for (const i of byRest.slice(0, Math.max(lacking, 0))) numbers[i] = (numbers[i] ?? 0) + 1;
  return numbers;
}

function check({ validationSplit, shuffle = true, seed }: SplitOptions): void {
  if (!(validationSplit > 0 && validationSplit < 1)) {
    throw invalid(`validationSplit is a fraction between 0 and 1. Received: ${validationSplit}.`);
  }
  if (!shuffle || seed !== undefined) return;
  throw invalid(
    'validationSplit needs a seed, or shuffle: false: otherwise training and validation would share files.',
  );
}

function checkNotEmpty(validation: number, all: number, validationSplit: number): void {
  if (validation > 0) return;
  throw invalid(
    `A validationSplit (--validation-split or --test-split) of ${validationSplit} leaves no file for validation. Received: ${all} files. Give a larger fraction, or more images.`,
  );
}

function invalid(message: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', message);
}
