import path from 'node:path';

import { Presets, SingleBar } from 'cli-progress';

import { type DownloadProgress, megabytes } from '../../models/keras/download-file.js';
import { downloadWeights } from '../../models/keras/download-weights.js';
import { type PublishedWeights, publishedWeights, type WantedWeights } from '../../models/keras/published-weights.js';

/** The weights that one need not have as a file. */
export const namedWeights: readonly string[] = ['imagenet'];

/**
 * Finds published weights in the cache, or downloads them into it, and shows on standard error how far that is.
 *
 * @returns the file.
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_WEIGHTS`, `OFFLINE`, `DOWNLOAD_FAILED`, `CANNOT_WRITE`.
 */
export async function downloadNamedWeights(wanted: WantedWeights): Promise<string> {
  const weights = publishedWeights(wanted);
  const progress = showDownload(weights);
  const onWait = () => process.stderr.write('another process is downloading them; waiting\n');
  try {
    return await downloadWeights(weights, { onProgress: progress.show, onWait });
  } finally {
    progress.stop();
  }
}

/** A bar on a terminal, a line at the beginning elsewhere. */
function showDownload(weights: PublishedWeights) {
  const stream = process.stderr;
  const format = ` ${path.posix.basename(weights.path)} {bar} {received} of {size}`;
  const bar = stream.isTTY ? new SingleBar({ format, stream, clearOnComplete: true, fps: 8 }, Presets.rect) : null;
  let begun = false;
  const show = ({ receivedBytes, totalBytes }: DownloadProgress) => {
    const size = totalBytes === null ? 'unknown size' : megabytes(totalBytes);
    if (!begun) stream.write(`downloading ${path.posix.basename(weights.path)} (${size})\n`);
    if (!begun) bar?.start(totalBytes ?? 0, 0, { received: megabytes(0), size });
    begun = true;
    bar?.update(receivedBytes, { received: megabytes(receivedBytes), size });
  };
  return { show, stop: () => bar?.stop() };
}
