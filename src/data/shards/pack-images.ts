import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import * as v from 'valibot';

import { SignetError } from '../../errors.js';
import { cannotWrite } from '../../files/cannot-write.js';
import { mapInOrder } from '../../files/map-in-order.js';
import { readJson } from '../../files/read-json.js';
import { replaceFile, syncDirectory, writeFileSynced } from '../../files/replace.js';
import { withLock } from '../../files/with-lock.js';
import { jsonText, printable } from '../../text/printable.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { badImages } from '../scan/describe-problems.js';
import type { ImageScan } from '../scan/image-scan.js';
import { imagesAtOnce } from '../scan/inspect-images.js';
import type { OnBadImage } from '../scan/scan-report.js';
import { makeSample } from './make-sample.js';
import { type NamedImage, type PackingOptions, type PackingPlan, planShards } from './plan-shards.js';
import type { Sample } from './sample.js';
import { type PackedShard, packedShards, readShardIndex, type ShardIndex, shardIndexFile, writeShardIndex } from './shard-index.js'; // prettier-ignore
import { ShardWriter } from './shard-writer.js';

/** Options of `packImages`. */
export interface PackImagesOptions extends PackingOptions {
  /** Whether an image that cannot be read any more, or not be made smaller, ends the packing or is left out. */
  readonly onBadImage: OnBadImage;
  /** Called after each image, and once at the beginning with the images that an interrupted run has packed. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called when another process packs into the same folder, which is waited for. */
  readonly onWait?: (() => void) | undefined;
  /** Ends the packing early: it rejects with the signal's reason, and the shards that are whole are kept. */
  readonly signal?: AbortSignal | undefined;
}

/** A data set that was packed. */
export interface PackedImages {
  readonly index: ShardIndex;
  /** Shards that an earlier run had written. */
  readonly kept: number;
  /** Images that were left out while they were packed. */
  readonly skipped: readonly ImageProblem[];
}

/** State of a packing that is not done, in its folder. */
const stateFile = 'packing.json';

const stateSchema = v.object({
  plan: v.string(),
  shards: packedShards,
  skipped: v.array(v.object({ path: v.string(), kind: v.literal('corrupt'), message: v.string() })),
});

type State = v.InferOutput<typeof stateSchema>;

/**
 * Writes the images of a scan into shards, and `shards.json` when all are written.
 *
 * Each shard appears whole. The same call continues a run that was interrupted, even by a crash, and keeps the shards that are whole. It also repairs
 * a finished set: shards that are missing or have another size are written again.
 *
 * @param directory Is made if it does not exist; otherwise empty, or with an interrupted run of the same images and options.
 * @throws SignetError `CANNOT_WRITE`, `BAD_IMAGE`.
 */
export async function packImages(
  scan: ImageScan,
  directory: string,
  options: PackImagesOptions,
): Promise<PackedImages> {
  // prettier-ignore
  const plan = planShards(scan, options);
  const { signal, onWait } = options;
  const lost = () => new SignetError('CANNOT_WRITE', `Another process packs into ${printable(directory)}. Run the command again.`); // prettier-ignore
  try {
    await checkFolder(directory);
    return await withLock(directory, { signal, onWait, name: '.pack.lock', lost }, async (held) => {
      const done = await readShardIndex(directory);
      if (done && done.plan !== plan.digest) throw occupied(directory, 'holds another packed data set');
      return new Packing(scan, directory, { ...options, signal: held }).run(plan, done);
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw cannotWrite(directory, error);
  }
}

async function checkFolder(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const isOurs = names.some((name) => name === stateFile || name === shardIndexFile || name === '.pack.lock');
  if (names.length > 0 && !isOurs) throw occupied(directory, 'is not empty');
}

class Packing {
  #done = 0;

  constructor(
    private readonly scan: ImageScan,
    private readonly directory: string,
    private readonly options: PackImagesOptions,
  ) {}

  /** @param done The last state of an earlier run, with all of its shards. */
  async run({ digest, shards }: PackingPlan, done: ShardIndex | null): Promise<PackedImages> {
    const state = done ? { plan: digest, shards: done.shards, skipped: [] } : await this.#readState(digest);
    const whole = await this.#wholeShards(state.shards);
    const kept = shards.filter(({ file }) => whole.has(file));
    const missing = shards.filter(({ file }) => !whole.has(file));
    for (const { images } of kept) this.#progress(images.length);
    for (const { file, images } of missing) {
      state.shards = [...whole.values()];
      await this.#writeState(state);
      whole.set(file, await this.#writeShard(file, images, state));
    }
    state.shards = shards.flatMap(({ file }) => whole.get(file) ?? []);
    const index = done && missing.length === 0 ? done : await this.#writeIndex(state);
    await rm(path.join(this.directory, stateFile), { force: true });
    return { index, kept: kept.length, skipped: state.skipped };
  }

  async #writeIndex({ plan, shards }: State): Promise<ShardIndex> {
    const { classNames, isMultiLabel = false } = this.scan;
    const index: ShardIndex = {
      format: 'signet-shards-1',
      container: this.options.container,
      classes: [...classNames],
      multiLabel: isMultiLabel,
      images: shards.reduce((sum, { images }) => sum + images, 0),
      plan,
      shards,
    };
    await writeShardIndex(this.directory, index);
    return index;
  }

  async #readState(plan: string): Promise<State> {
    const found = await readJson(path.join(this.directory, stateFile), {
      mostBytes: 64 * 2 ** 20,
      schema: stateSchema,
    });
    if (found && found.plan !== plan) throw occupied(this.directory, 'holds a run of pack-dataset that was interrupted, with other images or other options'); // prettier-ignore
    return found ?? { plan, shards: [], skipped: [] };
  }

  async #writeState(state: State): Promise<void> {
    await replaceFile(path.join(this.directory, stateFile), `${jsonText(state)}\n`);
  }

  /** Shards that exist in the right size, by file. */
  async #wholeShards(shards: readonly PackedShard[]): Promise<Map<string, PackedShard>> {
    const whole = new Map<string, PackedShard>();
    for (const shard of shards) {
      const stats = await stat(path.join(this.directory, shard.file)).catch(() => null);
      if (stats?.size === shard.bytes) whole.set(shard.file, shard);
    }
    return whole;
  }

  async #writeShard(file: string, images: readonly NamedImage[], state: State): Promise<PackedShard> {
    const draft = path.join(this.directory, `.${file}.unfinished`);
    let written: Omit<PackedShard, 'file'> = { images: 0, bytes: 0, sha256: '' };
    await rm(draft, { force: true });
    const paths = new Set(images.map(({ file: image }) => image.path));
    // If the shard is written again, they are found again.
    state.skipped = state.skipped.filter((image) => !paths.has(image.path));
    try {
      await writeFileSynced(draft, async (handle) => {
        written = await this.#writeImages(new ShardWriter(handle, this.options.container), images, state);
      });
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await rename(draft, path.join(this.directory, file));
    await syncDirectory(this.directory);
    return { file, ...written };
  }

  async #writeImages(writer: ShardWriter, images: readonly NamedImage[], { skipped }: State) {
    for await (const sample of this.#samples(images)) {
      this.options.signal?.throwIfAborted();
      if ('kind' in sample) skipped.push(this.#leaveOut(sample));
      else await writer.add(sample);
      this.#progress(1);
    }
    return writer.finish();
  }

  /** Reads and shrinks images, as many at once as a scan inspects. */
  #samples(images: readonly NamedImage[]): AsyncGenerator<Sample | ImageProblem> {
    const { classNames } = this.scan;
    return mapInOrder(images, imagesAtOnce(), (image) => makeSample(image, classNames, this.options.resize));
  }

  #leaveOut({ path: image, kind, message }: ImageProblem): State['skipped'][number] {
    if (this.options.onBadImage === 'fail') throw badImages([{ path: image, kind, message }]);
    return { path: image, kind: 'corrupt', message };
  }

  #progress(images: number): void {
    this.#done += images;
    this.options.onProgress?.(this.#done, this.scan.files.length);
  }
}

function occupied(directory: string, what: string): SignetError {
  return new SignetError('CANNOT_WRITE', `Cannot pack into ${printable(directory)}: it ${what}. Remove it, or give another --output.`); // prettier-ignore
}
