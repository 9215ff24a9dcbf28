import { existsSync } from 'node:fs';
import path from 'node:path';

import { Presets, SingleBar } from 'cli-progress';

import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import { type DownloadProgress, megabytes } from '../models/keras/download-file.js';
import { downloadWeights } from '../models/keras/download-weights.js';
import { loadKerasWeights } from '../models/keras/load-keras-weights.js';
import { type PublishedWeights, publishedWeights } from '../models/keras/published-weights.js';
import { readClassNames } from '../models/read-class-names.js';

/** The weights that one need not have as a file. */
const named = ['imagenet'];

/**
 * Gives a model the weights that `--pretrained-weights` means: those of a file or of a SavedModel, or published ones by name, from the
 * cache or downloaded into it. Tells on standard error what it does.
 *
 * The head of a SavedModel whose classes are others is left out.
 *
 * @throws SignetError `INVALID_WEIGHTS`, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`, `OFFLINE`, `DOWNLOAD_FAILED`, `CANNOT_WRITE`.
 */
export async function startFromWeights(model: ImageClassifierModel, pathOrName: string): Promise<void> {
  const from = named.includes(pathOrName) ? await downloaded(model, pathOrName) : pathOrName;
  const ignore = ['predictions', ...((await hasOtherClasses(model, from)) ? ['logits'] : [])];
  const { loaded, kept } = await loadKerasWeights(model, from, { ignore });
  const anew = kept.length === 0 ? '' : `; ${kept.join(', ')} starts anew`;
  process.stderr.write(`${from}: weights of ${loaded.length} layers${anew}\n`);
}

async function hasOtherClasses({ classNames }: ImageClassifierModel, directory: string): Promise<boolean> {
  if (!existsSync(path.join(directory, 'assets', 'class_names.txt'))) return false;
  const others = await readClassNames(directory);
  return others.length !== classNames.length || others.some((name, i) => name !== classNames[i]);
}

async function downloaded(model: ImageClassifierModel, name: string): Promise<string> {
  const { modelType, options } = model.description;
  const alpha = typeof options.alpha === 'number' ? { alpha: options.alpha } : {};
  const weights = publishedWeights({ modelType, name, imageSize: model.imageSize, ...alpha });
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
