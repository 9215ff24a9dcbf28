import { SignetError } from '../../errors.js';
import type { ImageScan } from '../scan/image-scan.js';
import { createRandom, shuffled } from './random.js';

/** Which part of the files is wanted, after Keras's `image_dataset_from_directory`. */
export interface SplitOptions {
  /** Part of all files that is kept for validation, between 0 and 1. */
  readonly validationSplit: number;
  readonly subset: 'training' | 'validation';
  /**
   * Whether to choose at random. Default true. If false the last files are the validation files: where files are sorted by
   * class, that is the last classes only.
   */
  readonly shuffle?: boolean | undefined;
  /** Needed to shuffle: the same seed for both subsets keeps them apart. */
  readonly seed?: number | undefined;
}

/**
 * One part of a scan: the files are shuffled, and the last fraction of them is for validation.
 *
 * The class names stay those of the whole, and the files stay in their order.
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
  const positions = scan.files.map((_, position) => position);
  const order = shuffle ? shuffled(positions, createRandom(seed)) : positions;
  // Rounded down, as Keras does.
  const firstOfValidation = order.length - Math.floor(validationSplit * order.length);
  const chosen = new Set(subset === 'training' ? order.slice(0, firstOfValidation) : order.slice(firstOfValidation));
  checkNotEmpty(order.length - firstOfValidation, order.length, validationSplit);
  return { ...scan, files: scan.files.filter((_, position) => chosen.has(position)) };
}

function check({ validationSplit, shuffle = true, seed }: SplitOptions): void {
  if (!(validationSplit > 0 && validationSplit < 1)) {
    throw invalid(`validationSplit is a fraction between 0 and 1. Received: ${validationSplit}.`);
  }
  if (!shuffle || seed !== undefined) return;
  throw invalid('validationSplit needs a seed, or shuffle: false, lest training and validation share files.');
}

function checkNotEmpty(validation: number, all: number, validationSplit: number): void {
  if (validation > 0) return;
  throw invalid(`A validationSplit of ${validationSplit} leaves no file for validation. Received: ${all} files.`);
}

function invalid(message: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', message);
}
