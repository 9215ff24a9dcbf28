import { SignetError } from '../../errors.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { printable, quoted } from '../../text/printable.js';
import { defaultImageLimits, type ImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { asImageFile, type ImageFile } from '../image-file/inspect-image-file.js';
import { closeShard } from '../image-file/open-shards.js';
import { type Subset, subsetWords } from '../list/list-row.js';
import { sizeOf } from '../remote/any-folder.js';
import { isRemote, joinLocation, shownLocation, splitLocation, withoutQuery } from '../remote/location.js';
import { findRemoteShard, isWorthCopying } from '../remote/remote-source.js';
import { inspectDeepImages } from '../scan/deep-images.js';
import type { ImageScan } from '../scan/image-scan.js';
import type { ShardSet } from './find-shards.js';
import { readShard, type ReadShard, type ReadShardOptions } from './read-shard.js';
import type { SampleOptions } from './sample.js';
import { classesOfImages, type DatasetDescription, describeDataset, listedClasses, type ShardClasses } from './shard-classes.js'; // prettier-ignore
import { shardIndexFile } from './shard-index.js';
import { ShardMemory } from './shard-memory.js';
import type { ShardImage, ShardProblem, ShardRow } from './shard-row.js';

/** Options of `scanShards`. */
export interface ScanShardsOptions extends ImageLimits, SampleOptions {
  /** Parts of the data set to use, if the shards or their images name one. Default: all. */
  readonly subsets?: readonly Subset[] | undefined;
  /** Called as the shards are read, with MiB. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the scan early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether findings are kept in the user's cache for the next scan. Default: false. */
  readonly remember?: boolean | undefined;
}

/** Number of shards that are read at the same time; several images of each are inspected at once. */
const shardsAtOnce = 2;

/**
 * Reads the shards of a data set once, and inspects the header of every image in them, as `scanImageDirectory` does with files. Its images then say
 * where their bytes are: they are read from there in any order.
 *
 * @throws SignetError `INVALID_DATASET` for shards that cannot be read, or that have no image for the requested parts.
 */
export async function scanShards(set: ShardSet, options: ScanShardsOptions = {}): Promise<ImageScan> {
  const { subsets, signal } = options;
  const files = set.files.filter((file) => isWanted(set.subsets?.get(file) ?? null, subsets));
  if (files.length === 0) throw noneWanted(set, subsets ?? [], set.subsets?.values());
  const description = set.index ? {} : await describeDataset(set.directory);
  const progress = new Progress(await totalBytes(set, files), options.onProgress);
  const how = { ...options, ...description, onBytes: progress.add };
  const read = await mapConcurrently(files, shardsAtOnce, (file) => readOrRecall(set, file, how), signal);
  const shards = read.map((shard, i) => ({ file: files[i] ?? '', rows: shard.rows, problem: differs(set, files[i], shard) })); // prettier-ignore
  const classes = classesOf(set, description, () => imagesIn(shards));
  const found = collect(set, shards, classes, options);
  const wanted = found.files.filter(({ subset }) => isWanted(subset ?? null, subsets));
  const splits = found.files.map(({ subset }) => subset);
  if (wanted.length === 0 && splits.length > 0) throw noneWanted(set, subsets ?? [], splits);
  const deepImages = await inspectDeepImages(wanted, options.maxPixels ?? defaultImageLimits.maxPixels);
  return {
    directory: withoutQuery(set.directory),
    list: withoutQuery(set.name),
    classNames: classes.names,
    isMultiLabel: found.isMultiLabel,
    files: wanted.sort(byPath),
    problems: found.problems.sort(byPath),
    notes: { strayFiles: [], unusedDirectories: [], repeatedDirectories: [], ...(deepImages && { deepImages }) },
  };
}

async function readOrRecall(
  { directory, container }: ShardSet,
  file: string,
  { remember = false, ...options }: ReadShardOptions & Pick<ScanShardsOptions, 'remember'>,
): Promise<ReadShard> {
  const shard = joinLocation(directory, file);
  // It may have been replaced since it was last read.
  closeShard(shard);
  if (isRemote(shard)) await findRemoteShard(shard, options.signal);
  const memory = remember ? await ShardMemory.of(shard, options) : null;
  const known = await memory?.recall();
  // Reading it once more copies it to this machine, where its images can be read faster from then on.
  if (known && !(isRemote(shard) && (await isWorthCopying(shard)))) return known;
  const read = await readShard(shard, container, options);
  await memory?.keep(read);
  return read;
}

/** Problems with a shard that do not show in any of its images: its bytes differ from what the index lists. */
function differs({ index }: ShardSet, file: string | undefined, { rows, sha256 }: ReadShard): ShardProblem | null {
  const listed = index?.shards.find((shard) => shard.file === file);
  if (!listed || listed.sha256 === sha256 || rows.some((row) => 'kind' in row)) return null;
  return {
    name: null,
    offset: 0,
    kind: 'corrupt',
    message: `does not have the SHA-256 that ${shardIndexFile} lists: remove it, and copy it or pack again`,
  };
}

interface Shard {
  readonly file: string;
  readonly rows: readonly ShardRow[];
  readonly problem: ShardProblem | null;
}

function* imagesIn(shards: readonly Shard[]): Generator<ShardImage> {
  for (const { rows } of shards) for (const row of rows) if (!('kind' in row)) yield row;
}

function classesOf(
  { index, name }: ShardSet,
  { classNames }: DatasetDescription,
  images: () => Iterable<ShardImage>,
): ShardClasses {
  if (index) return listedClasses(index.classes);
  const [first] = images();
  const hasTexts = first !== undefined && first.texts.length > 0;
  return classNames && !hasTexts ? listedClasses(classNames) : classesOfImages(images(), name);
}

interface Found {
  readonly isMultiLabel: boolean;
  readonly files: ImageFile[];
  readonly problems: ImageProblem[];
}

function collect(
  set: ShardSet,
  shards: readonly Shard[],
  classes: ShardClasses,
  { areLabelled = false }: SampleOptions,
): Found {
  const isMultiLabel = areLabelled || (set.index?.multiLabel ?? isSeveral(imagesIn(shards)));
  const [files, problems]: [ImageFile[], ImageProblem[]] = [[], []];
  const names = new Names(set);
  for (const { file, rows, problem } of shards) {
    const shard = joinLocation(set.directory, file);
    const report = (row: Pick<ShardProblem, 'offset' | 'name' | 'kind' | 'message'>, name: string) =>
      problems.push(problemOf(row, shard, row.name === null ? null : name));
    if (problem) report(problem, '');
    for (const [i, row] of rows.entries()) {
      const name = names.unique(file, row.name, i);
      if ('kind' in row) report(row, name);
      else {
        const image = imageOf(row, {
          name,
          set: set.name,
          shard,
          classes,
          isMultiLabel,
          subset: subsetOf(set, file, row),
        });
        if ('kind' in image) report({ ...image, name }, name);
        else files.push(image);
      }
    }
  }
  return { isMultiLabel, files, problems };
}

function isSeveral(images: Iterable<ShardImage>): boolean {
  for (const { labels } of images) if (labels.length !== 1) return true;
  return false;
}

interface ImageContext {
  readonly name: string;
  readonly set: string;
  readonly shard: string;
  readonly classes: ShardClasses;
  readonly isMultiLabel: boolean;
  readonly subset: Subset | null;
}

function imageOf(
  { labels: values, offset, crc, facts }: ShardImage,
  { name, set, shard, classes, isMultiLabel, subset }: ImageContext,
): ImageFile | Omit<ShardProblem, 'name'> {
  const labels = values.map((value) => classes.labelOf(value));
  const unknown = values.find((_, i) => labels[i] === null);
  const wrong = (message: string) => ({ offset, kind: 'unsupported' as const, message });
  if (unknown !== undefined) return wrong(`has the class ${quoted([String(unknown)])}, which is not one of the ${classes.names.length}`); // prettier-ignore
  const known = labels.filter((label) => label !== null).sort((a, b) => a - b);
  const [label = -1, ...others] = known;
  if (!isMultiLabel && (label === -1 || others.length > 0)) return wrong(`has ${known.length} classes. Expected: one`);
  return asImageFile(name, label, facts, {
    ...(isMultiLabel && { labels: known }),
    ...(subset && { subset }),
    inShard: { set, shard, offset, crc },
  });
}

function problemOf(
  { offset, kind, message }: Omit<ShardProblem, 'name'>,
  shard: string,
  name: string | null,
): ImageProblem {
  // prettier-ignore
  if (name === null) return { path: withoutQuery(shard), kind, message: `${message} (at byte ${offset})` };
  return {
    path: name,
    kind,
    message: `${message} (byte ${offset} of ${printable(splitLocation(withoutQuery(shard)).name)})`,
  };
}

/** Names of images for people, which are never opened. */
class Names {
  readonly #used = new Set<string>();

  constructor(private readonly set: ShardSet) {}

  /** The name of an image, after the folder: its own in a set of `pack-dataset`, otherwise one derived from its shard. */
  unique(shard: string, name: string | null, position: number): string {
    const own = name !== null && isPlain(name) ? name : String(position).padStart(7, '0');
    const { directory, index } = this.set;
    const folder = withoutQuery(directory);
    const wanted = joinLocation(folder, index && own === name ? own : `${shard}/${own}`);
    const free = this.#used.has(wanted) ? `${wanted}#${position}` : wanted;
    this.#used.add(free);
    return free;
  }
}

/** Whether a name leads down from a folder. Other names are not used: they may be meant to look like a file of this machine. */
function isPlain(name: string): boolean {
  return name !== '' && name.length <= 1000 && printable(name) === name && !/^[/\\]|^[a-z]:/i.test(name) && !name.split(/[/\\]/).includes('..'); // prettier-ignore
}

function subsetOf({ subsets }: ShardSet, file: string, { subset }: ShardImage): Subset | null {
  return subsetWords.get(subset) ?? subsets?.get(file) ?? null;
}

function isWanted(subset: Subset | null, wanted: readonly Subset[] | undefined): boolean {
  return subset === null || !wanted || wanted.includes(subset);
}

function noneWanted(
  { name }: ShardSet,
  wanted: readonly Subset[],
  found: Iterable<Subset | undefined> = [],
): SignetError {
  const splits = new Set([...found].flatMap((each) => each ?? []));
  return new SignetError(
    'INVALID_DATASET',
    `The shards ${shownLocation(name)} have no image for this. Wanted: ${quoted(wanted)}. Found: ${quoted(splits)}. ` +
      'A pattern takes shards by their names, whatever split they are of: data/validation-*.',
  );
}

async function totalBytes({ directory, index }: ShardSet, files: readonly string[]): Promise<number> {
  // Whoever found the shards has compared their sizes with the index.
  const listed = new Map(index?.shards.map(({ file, bytes }) => [file, bytes]));
  const sizes = await mapConcurrently(files, 16, async (file) => listed.get(file) ?? (await sizeOf(joinLocation(directory, file))) ?? 0); // prettier-ignore
  return sizes.reduce((sum, size) => sum + size, 0);
}

class Progress {
  #done = 0;

  constructor(
    private readonly total: number,
    private readonly show: ((done: number, total: number) => void) | undefined,
  ) {}

  readonly add = (bytes: number) => {
    this.#done += bytes;
    const mebibytes = (each: number) => Math.floor(each / 2 ** 20);
    this.show?.(mebibytes(this.#done), mebibytes(this.total));
  };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return byCodePoint(a.path, b.path);
}
