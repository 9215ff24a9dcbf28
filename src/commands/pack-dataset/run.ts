import path from 'node:path';

import { listProblems } from '../../data/scan/describe-problems.js';
import { readShardIndex, type ShardIndex } from '../../data/shards/shard-index.js';
import { packImages } from '../../data/shards/pack-images.js';
import { folderSource, listSource } from '../../data/source/dataset-source.js';
import { tryToWrite } from '../../files/cannot-write.js';
import { replaceFile } from '../../files/replace.js';
import { stopOnInterrupt } from '../../files/stop-on-interrupt.js';
import { progressBar } from '../../text/progress-bar.js';
import { tell } from '../../text/tell.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { packDatasetCommand } from './flags.js';

/** Options of `pack-dataset`; `flags.ts` says what each means. */
export interface PackDatasetOptions extends GivenOptionsOf<typeof packDatasetCommand.flags> {}

type Options = OptionsOf<typeof packDatasetCommand.flags>;

/** Result, which `pack-dataset --json` prints. */
export interface PackDatasetResult {
  /** Folder of the shards. */
  readonly output: string;
  readonly format: ShardIndex['container'];
  readonly classNames: readonly string[];
  readonly images: number;
  readonly shards: number;
  /** Size of all shards. */
  readonly bytes: number;
  /** Shards that an earlier run had written. */
  readonly keptShards: number;
  /** Images that were left out; the file `skipped-images.tsv` lists them. */
  readonly skipped: number;
  readonly seconds: number;
  /** Whether Ctrl-C ended it before all was packed; the numbers are then 0. */
  readonly interrupted: boolean;
}

/**
 * Packs the images of a folder or a list into shards.
 *
 * @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`, `CANNOT_WRITE`, `INVALID_ARGUMENT`.
 */
export async function packDataset(given: PackDatasetOptions): Promise<PackDatasetResult> {
  const options = completeOptions(packDatasetCommand.flags, given);
  const { output, format, onBadImage } = options;
  const started = performance.now();
  await tryToWrite(output);
  const { scan, skippedList } = await scanDataset(sourceOf(options), onBadImage, { exif: 'apply' });
  const interrupt = stopOnInterrupt('stopping, the shards that are whole are kept');
  const [bar, rate] = [progressBar(`packing ${output}`, 'images'), new Rate()];
  try {
    const { index, kept, skipped } = await packImages(scan, output, {
      container: format,
      seed: options.seed,
      shardMebibytes: options.shardSize,
      resize: options.resize ?? null,
      onBadImage,
      onProgress: (done, total) => bar.update(done, total, rate.text(done)),
      onWait: () => tell(`another process packs into ${output}: waiting for it`),
      signal: interrupt.signal,
    });
    const list = skippedList + listProblems(skipped);
    if (list !== '') await replaceFile(path.join(output, 'skipped-images.tsv'), list);
    return resultOf(options, index, { kept, skipped: list.split('\n').length - 1, started, interrupted: false });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    return resultOf(options, await readShardIndex(output), { kept: 0, skipped: 0, started, interrupted: true });
  } finally {
    bar.stop();
    interrupt.remove();
  }
}

function sourceOf({ datasetPath = '', list, labelField }: Options) {
  return list === undefined ? folderSource(datasetPath, { labelField }) : listSource(list);
}

interface Outcome {
  readonly kept: number;
  readonly skipped: number;
  readonly started: number;
  readonly interrupted: boolean;
}

function resultOf({ output, format }: Options, index: ShardIndex | null, outcome: Outcome): PackDatasetResult {
  const { classes = [], images = 0, shards = [] } = index ?? {};
  return {
    output,
    format: format,
    classNames: classes,
    images,
    shards: shards.length,
    bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    keptShards: outcome.kept,
    skipped: outcome.skipped,
    seconds: (performance.now() - outcome.started) / 1000,
    interrupted: outcome.interrupted,
  };
}

/** How fast images are packed by this run. */
class Rate {
  #first: { readonly done: number; readonly at: number } | null = null;

  text(done: number): string {
    this.#first ??= { done, at: performance.now() };
    const seconds = (performance.now() - this.#first.at) / 1000;
    return seconds < 1 ? '' : `${((done - this.#first.done) / seconds).toFixed(0)} images/s`;
  }
}
