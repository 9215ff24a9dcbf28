import type { Subset } from '../list/list-row.js';
import { withoutQuery } from '../remote/location.js';
import type { ImageScan } from '../scan/image-scan.js';
import type { InspectOptions } from '../scan/inspect-images.js';
import { scanImageDirectory } from '../scan/scan-image-directory.js';
import { findShards } from '../shards/find-shards.js';
import type { SampleOptions } from '../shards/sample.js';

/** Options for scanning a source. */
export interface SourceScanOptions extends Omit<InspectOptions, 'onProgress'> {
  /** Parts of the data set to use, if the source is divided into parts. Default: all. */
  readonly subsets?: readonly Subset[] | undefined;
  /** Like that of `InspectOptions`, with the unit that is counted. */
  readonly onProgress?: ((done: number, total: number, unit?: 'files' | 'MiB') => void) | undefined;
}

/** Source of a data set's images and labels: every training and evaluation begins with one. */
export interface DatasetSource {
  /** Path by which people know it. */
  readonly name: string;
  /**
   * Inspects every image before anything is trained. Only headers are read.
   *
   * @throws SignetError `INVALID_DATASET` when there is nothing to use.
   */
  scan(options?: SourceScanOptions): Promise<ImageScan>;
}

/**
 * A folder with a folder of images for each class; or shards with images, TFRecord files or tar archives: a folder of them, one of them, or a
 * pattern such as `data/train-*.tar`.
 */
export function folderSource(directory: string, sampleOptions: SampleOptions = {}): DatasetSource {
  return {
    name: withoutQuery(directory),
    scan: async (options = {}) => {
      const shards = await findShards(directory);
      if (!shards) return scanImageDirectory(directory, options);
      const { onProgress, memory } = options;
      // Loaded when it is needed: with tar, it takes every other command a twentieth of a second.
      const { scanShards } = await import('../shards/scan-shards.js');
      return scanShards(shards, {
        ...options,
        ...sampleOptions,
        onProgress: onProgress && ((done, total) => onProgress(done, total, 'MiB')),
        remember: memory !== undefined,
      });
    },
  };
}

/** A file that lists images with their labels: CSV or JSON Lines, see `readImageList`. */
export function listSource(file: string): DatasetSource {
  return {
    name: file,
    // Loaded when it is needed, as for shards.
    scan: async (options) => (await import('../list/scan-image-list.js')).scanImageList(file, options),
  };
}
