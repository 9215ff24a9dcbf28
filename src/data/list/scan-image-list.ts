import path from 'node:path';

import { SignetError } from '../../errors.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { printable } from '../../text/printable.js';
import { defaultImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { inspectDeepImages } from '../scan/deep-images.js';
import type { ImageScan } from '../scan/image-scan.js';
import { inspectImages, type InspectOptions, isImage } from '../scan/inspect-images.js';
import type { Subset } from './list-row.js';
import { type ListedImage, readImageList } from './read-image-list.js';

/** Options of `scanImageList`. */
export interface ScanListOptions extends InspectOptions {
  /** Parts of the data set that are looked at, where the list has a column for them. Default: all. */
  readonly subsets?: readonly Subset[] | undefined;
}

/**
 * Reads a list of images with their labels, see `readImageList`, and looks at every file that it names.
 *
 * Only headers are read. Files that cannot be used are in `problems`, with their lines; `assertUsable` says what to do about them.
 *
 * @throws SignetError `INVALID_DATASET` for a list that cannot be used, with its faults by line, or of which no image is wanted.
 */
export async function scanImageList(file: string, options: ScanListOptions = {}): Promise<ImageScan> {
  const { subsets } = options;
  const { classNames, isMultiLabel, images, notes } = await readImageList(file);
  const wanted = images
    .filter(({ subset }) => subset === null || !subsets || subsets.includes(subset))
    .sort((a, b) => byCodePoint(a.path, b.path));
  if (wanted.length === 0) throw noneWanted(file, subsets ?? []);
  const inspected = await inspectImages(wanted.map((image) => ({ path: image.path, label: image.labels[0] ?? -1 })), options); // prettier-ignore
  const found = wanted.flatMap((image, i) => {
    const one = inspected[i];
    return one ? [withRow(one, image, isMultiLabel)] : [];
  });
  const files = found.filter(isImage);
  const deepImages = await inspectDeepImages(files, options.maxPixels ?? defaultImageLimits.maxPixels);
  return {
    directory: path.dirname(file),
    list: file,
    classNames,
    isMultiLabel,
    files,
    problems: found.filter((each) => 'kind' in each),
    notes: {
      strayFiles: [],
      unusedDirectories: [],
      repeatedDirectories: [],
      ofList: notes,
      ...(deepImages && { deepImages }),
    },
  };
}

function withRow(
  inspected: ImageFile | ImageProblem,
  { labels, subset, line }: ListedImage,
  isMultiLabel: boolean,
): ImageFile | ImageProblem {
  if (!isImage(inspected)) return { ...inspected, message: `${inspected.message} (line ${line} of the list)` };
  return { ...inspected, ...(isMultiLabel && { labels }), ...(subset && { subset }) };
}

function noneWanted(file: string, subsets: readonly Subset[]): SignetError {
  const words = subsets.map((subset) => (subset === 'training' ? 'train' : subset));
  return new SignetError(
    'INVALID_DATASET',
    `The list ${printable(file)} has no image for this: its column split never says ${words.join(' or ')}.`,
  );
}
