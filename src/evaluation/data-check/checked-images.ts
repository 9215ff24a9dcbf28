import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ImageScan } from '../../data/scan/image-scan.js';

/** Which of the two data sets an image is of. */
export type DataSet = 'training' | 'test';

/** An image of a training set or a test set. Findings name images by their position among all. */
export interface CheckedImage {
  readonly file: ImageFile;
  readonly set: DataSet;
}

/** All images of both sets, the training set first, with the classes that both have. */
export interface CheckedImages {
  readonly images: readonly CheckedImage[];
  readonly classNames: readonly string[];
  readonly isMultiLabel: boolean;
}

/** Takes the images of a training set and a test set together. */
export function checkedImages(training: ImageScan, test: ImageScan | null): CheckedImages {
  const of = (scan: ImageScan | null, set: DataSet) => (scan?.files ?? []).map((file) => ({ file, set }));
  const { classNames, isMultiLabel = false } = training;
  return { images: [...of(training, 'training'), ...of(test, 'test')], classNames, isMultiLabel };
}
