import { ImageDataset, type ImageDatasetOptions } from './image-dataset.js';
import { type OnBadImage, assertUsable } from '../scan/scan-report.js';
import { scanImageDirectory, type ScanOptions } from '../scan/scan-image-directory.js';
import { splitFiles } from './split-files.js';

/** After `keras.utils.image_dataset_from_directory`. */
export interface ImageDatasetFromDirectoryOptions
  extends Omit<ImageDatasetOptions, 'imageSize'>, Pick<ScanOptions, 'classNames' | 'onProgress' | 'signal'> {
  /** Height and width in pixels. Default: 256 x 256. */
  readonly imageSize?: ImageDatasetOptions['imageSize'];
  /** Which part of the images, with `subset`, is for validation: between 0 and 1. Default: no split. */
  readonly validationSplit?: number;
  /** Which side of the split this dataset is. */
  readonly subset?: 'training' | 'validation';
  /** Default: `fail`. */
  readonly onBadImage?: OnBadImage;
}

/**
 * Images in class-named directories as a dataset. Labels are the positions of the directories' names, sorted.
 *
 * Every file's header is read before the first batch; every problem of the directory is reported at once.
 *
 * @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`.
 * @example
 * ```ts
 * const train = await imageDatasetFromDirectory('data/digits/train', { imageSize: [28, 28], validationSplit: 0.2, subset: 'training', seed: 42 });
 * ```
 */
export async function imageDatasetFromDirectory(
  directory: string,
  options: ImageDatasetFromDirectoryOptions = {},
): Promise<ImageDataset> {
  const { imageSize = [256, 256], validationSplit, subset, classNames, onProgress, signal, ...rest } = options;
  const found = await scanImageDirectory(directory, { classNames, onProgress, signal });
  const { scan } = assertUsable(found, rest.onBadImage ?? 'fail');
  if (validationSplit === undefined || subset === undefined) return ImageDataset.create(scan, { ...rest, imageSize });
  const { shuffle, seed } = rest;
  const part = splitFiles(scan, { validationSplit, subset, shuffle, seed });
  return ImageDataset.create(part, { ...rest, imageSize });
}
