import { ImageDataset, type ImageDatasetOptions } from './image-dataset.js';
import { assertUsable } from '../scan/scan-report.js';
import { scanImageDirectory, type ScanOptions } from '../scan/scan-image-directory.js';
import { splitFiles } from './split-files.js';

/** Options of `imageDatasetFromDirectory`. */
export interface ImageDatasetFromDirectoryOptions
  extends ImageDatasetOptions, Pick<ScanOptions, 'classNames' | 'onProgress' | 'signal'> {
  /** Share of the images for validation, between 0 and 1; needs `subset`. Default: no split. */
  readonly validationSplit?: number | undefined;
  /** Side of the split that this dataset has. Default: no split. */
  readonly subset?: 'training' | 'validation' | undefined;
}

/**
 * Reads images in class-named directories as a dataset, after `keras.utils.image_dataset_from_directory`. Labels are the positions of
 * the directories' names, sorted.
 *
 * Every file's header is read before the first batch, and every problem of the directory is reported at once.
 *
 * @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`.
 * @example
 * ```ts
 * const train = await imageDatasetFromDirectory('data/digits/train', { validationSplit: 0.2, subset: 'training', seed: 42 });
 * ```
 */
export async function imageDatasetFromDirectory(
  directory: string,
  options: ImageDatasetFromDirectoryOptions = {},
): Promise<ImageDataset> {
  const { validationSplit, subset, classNames, onProgress, signal, ...rest } = options;
  const found = await scanImageDirectory(directory, { classNames, onProgress, signal });
  const { scan } = assertUsable(found, rest.onBadImage ?? 'fail');
  if (validationSplit === undefined || subset === undefined) return ImageDataset.create(scan, rest);
  const { shuffle, seed } = rest;
  return ImageDataset.create(splitFiles(scan, { validationSplit, subset, shuffle, seed }), rest);
}
