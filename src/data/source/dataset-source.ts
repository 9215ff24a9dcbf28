import { scanImageList } from '../list/scan-image-list.js';
import type { Subset } from '../list/list-row.js';
import type { ImageScan } from '../scan/image-scan.js';
import type { InspectOptions } from '../scan/inspect-images.js';
import { scanImageDirectory } from '../scan/scan-image-directory.js';

/** How a source is scanned. */
export interface SourceScanOptions extends InspectOptions {
  /** Parts of the data set that are wanted, where the source divides itself. Default: all. */
  readonly subsets?: readonly Subset[] | undefined;
}

/** Where the images of a data set are and what their labels are: everything that trains or evaluates begins with one. */
export interface DatasetSource {
  /** The path that people know it by. */
  readonly name: string;
  /**
   * Looks at every image before anything is trained. Only headers are read.
   *
   * @throws SignetError `INVALID_DATASET` when there is nothing to use.
   */
  scan(options?: SourceScanOptions): Promise<ImageScan>;
}

/** A folder with a folder of images for each class. */
export function folderSource(directory: string): DatasetSource {
  return { name: directory, scan: (options) => scanImageDirectory(directory, options) };
}

/** A file that lists images with their labels: CSV or JSON Lines, see `readImageList`. */
export function listSource(file: string): DatasetSource {
  return { name: file, scan: (options) => scanImageList(file, options) };
}
