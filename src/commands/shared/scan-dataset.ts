import type { ImageScan } from '../../data/scan/image-scan.js';
import { scanMemoryPlace } from '../../data/scan/scan-memory.js';
import { assertUsable, type OnBadImage, scanNotes } from '../../data/scan/scan-report.js';
import type { DatasetSource, SourceScanOptions } from '../../data/source/dataset-source.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { type ProgressBar, progressBar } from '../../text/progress-bar.js';
import { standardError } from '../../text/tell.js';

/** A scan in which every file can be used, and the list of what was left out; empty if nothing was. */
export interface ScannedDataset {
  readonly scan: ImageScan;
  readonly skippedList: string;
}

/**
 * Scans a data set with a progress bar on a terminal, and reports on standard error what is worth knowing.
 *
 * @param onBadImage Whether files that cannot be used stop the command or are left out.
 * @param exif What is done about the EXIF orientation, which is reported.
 * @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`.
 */
export async function scanDataset(
  source: DatasetSource,
  onBadImage: OnBadImage,
  { subsets, exif }: Pick<SourceScanOptions, 'subsets'> & { readonly exif: ExifHandling },
): Promise<ScannedDataset> {
  const { name } = source;
  const { stderr } = process;
  const { scan, skippedList, skipped } = assertUsable(await scanWithBar(source, subsets), onBadImage);
  const notes = scanNotes(scan, exif).map((note) => `  note: ${note}\n`);
  const several = scan.isMultiLabel ? ', any number of them per image' : '';
  stderr.write(`${name}: ${scan.files.length} images, ${scan.classNames.length} classes${several}\n${notes.join('')}`);
  if (skipped.length > 0) stderr.write(`  ${skipped.length} images are left out\n`);
  return { scan, skippedList };
}

/** Scans a data set with a progress bar on a terminal, and reports nothing. What earlier scans found is remembered. */
export async function scanWithBar(source: DatasetSource, subsets: SourceScanOptions['subsets']): Promise<ImageScan> {
  let bar: ProgressBar | null = null;
  const onProgress = (done: number, total: number, unit = 'files') => {
    if (standardError().isTTY) (bar ??= progressBar(`checking ${source.name}`, unit)).update(done, total);
  };
  const memory = await scanMemoryPlace(source.name);
  return source.scan({ onProgress, subsets, memory }).finally(() => bar?.stop());
}
