import path from 'node:path';

import { type DownloadProgress, megabytes } from '../../models/keras/download-file.js';
import { downloadWeights } from '../../models/keras/download-weights.js';
import { type PublishedWeights, publishedWeights, type WantedWeights } from '../../models/keras/published-weights.js';
import { progressBar } from '../../text/progress-bar.js';
import { tell } from '../../text/tell.js';

/** Names of weights that `--pretrained-weights` takes in place of a file. */
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
  const onWait = () => tell('another process is downloading them; waiting');
  try {
    return await downloadWeights(weights, { onProgress: progress.show, onWait });
  } finally {
    progress.stop();
  }
}

/** Writes a line at the beginning, and shows a bar on a terminal. */
function showDownload(weights: PublishedWeights) {
  const { stderr } = process;
  const file = path.posix.basename(weights.path);
  const size = (total: number | null) => (total === null ? 'unknown size' : megabytes(total));
  const amount = (done: number, total: number | null) => `${megabytes(done)} of ${size(total)}`;
  const bar = stderr.isTTY ? progressBar(file, 'MB', { amount }) : null;
  let begun = false;
  const show = ({ receivedBytes, totalBytes }: DownloadProgress) => {
    if (!begun) stderr.write(`downloading ${file} (${size(totalBytes)})\n`);
    begun = true;
    bar?.update(receivedBytes, totalBytes);
  };
  return { show, stop: () => bar?.stop() };
}
