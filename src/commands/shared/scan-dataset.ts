import { Presets, SingleBar } from 'cli-progress';

import type { ImageScan } from '../../data/scan/image-scan.js';
import { scanImageDirectory } from '../../data/scan/scan-image-directory.js';
import { assertUsable, type OnBadImage, scanNotes } from '../../data/scan/scan-report.js';

/** A scan that may be used, and the list of what was left out of it (empty when nothing was). */
export interface ScannedDataset {
  readonly scan: ImageScan;
  readonly skippedList: string;
}

/**
 * Scans a directory with a progress bar on a terminal, tells what is worth knowing on standard error, and stops or leaves
 * out as `onBadImage` says.
 */
export async function scanDataset(directory: string, onBadImage: OnBadImage): Promise<ScannedDataset> {
  const { stderr } = process;
  const bar = stderr.isTTY
    ? new SingleBar(
        { format: ` checking ${directory} {bar} {value}/{total}`, stream: stderr, clearOnComplete: true },
        Presets.rect,
      )
    : null;
  let started = false;
  const onProgress = (done: number, total: number) => {
    if (!started) bar?.start(total, 0);
    started = true;
    bar?.update(done);
  };
  const found = await scanImageDirectory(directory, { onProgress }).finally(() => bar?.stop());
  const { scan, skippedList, skipped } = assertUsable(found, onBadImage);
  const notes = scanNotes(scan).map((note) => `  note: ${note}\n`);
  stderr.write(`${directory}: ${scan.files.length} images, ${scan.classNames.length} classes\n${notes.join('')}`);
  if (skipped.length > 0) stderr.write(`  ${skipped.length} images are left out\n`);
  return { scan, skippedList };
}
