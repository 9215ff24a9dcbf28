import type { ImageScan } from '../../data/scan/image-scan.js';
import { scanImageDirectory } from '../../data/scan/scan-image-directory.js';
import { assertUsable, type OnBadImage, scanNotes } from '../../data/scan/scan-report.js';
import { progressBar } from '../../text/progress-bar.js';

/** A scan of which every file can be used, and the list of what was left out; empty if nothing was. */
export interface ScannedDataset {
  readonly scan: ImageScan;
  readonly skippedList: string;
}

/**
 * Scans a directory with a progress bar on a terminal, and reports on standard error what is worth knowing.
 *
 * @param onBadImage Whether files that cannot be used stop the command or are left out.
 * @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`.
 */
export async function scanDataset(directory: string, onBadImage: OnBadImage): Promise<ScannedDataset> {
  const { stderr } = process;
  const bar = stderr.isTTY ? progressBar(`checking ${directory}`, 'files') : null;
  const onProgress = (done: number, total: number) => bar?.update(done, total);
  const found = await scanImageDirectory(directory, { onProgress }).finally(() => bar?.stop());
  const { scan, skippedList, skipped } = assertUsable(found, onBadImage);
  const notes = scanNotes(scan).map((note) => `  note: ${note}\n`);
  stderr.write(`${directory}: ${scan.files.length} images, ${scan.classNames.length} classes\n${notes.join('')}`);
  if (skipped.length > 0) stderr.write(`  ${skipped.length} images are left out\n`);
  return { scan, skippedList };
}
