import { stat } from 'node:fs/promises';
import path from 'node:path';

import fastGlob from 'fast-glob';

import { SignetError } from '../../errors.js';
import { count } from '../../text/amounts.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { printable } from '../../text/printable.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import type { Subset } from '../list/list-row.js';
import { entriesOf, sizeOf } from '../remote/any-folder.js';
import { isRemote, joinLocation, shownLocation, splitLocation } from '../remote/location.js';
import { checkLocation } from '../remote/remote-shards.js';
import { expandPattern } from './expand-pattern.js';
import { readShardIndex, type ShardIndex, shardIndexFile } from './shard-index.js';

/** How shards hold images. */
export type Container = ShardIndex['container'];

/** The shards of a data set. */
export interface ShardSet {
  /** The path that was given: a folder, a shard or a pattern. */
  readonly name: string;
  readonly directory: string;
  readonly container: Container;
  /** Names of the shards in their folder, sorted. */
  readonly files: readonly string[];
  /** The index that `pack-dataset` wrote with them; null for other data sets. */
  readonly index: ShardIndex | null;
  /** Part of the data set that each shard belongs to, if all names contain one and they are not all the same. */
  readonly subsets: ReadonlyMap<string, Subset> | null;
}

/**
 * Finds the shards of a data set: in a folder with `shards.json`, in one that holds TFRecord files or tar archives and no other folder, a shard by
 * itself, or the files that match a pattern such as `data/train-*.tar`.
 *
 * At `https://`, `s3://` or `gs://`, a pattern may also contain a range of numbers: `train-{00000..00099}.tar`.
 *
 * @returns Null if there are none: then it may be a folder with a folder of images for each class.
 * @throws SignetError `INVALID_DATASET` for a set that lacks parts, or that has both TFRecord files and tar archives; RemoteError.
 */
export async function findShards(given: string): Promise<ShardSet | null> {
  if (isRemote(given)) return remoteShards(given);
  const stats = await stat(given).catch(() => null);
  if (stats?.isDirectory()) return shardsOfFolder(given);
  const [directory, pattern] = [path.dirname(given), path.basename(given)];
  if (stats) return containerOf(pattern) ? setOf(given, directory, [pattern]) : null;
  if (!/[*?[\]]/.test(pattern)) return null;
  const files = await filesLike(pattern, given, directory);
  const shards = files.filter((file) => containerOf(file) !== null);
  if (shards.length > 0) return setOf(given, directory, shards);
  throw invalid(given, `no file in ${printable(directory)} with such a name is a TFRecord file or a tar archive`);
}

/** Maximum number of shards that a range of numbers may name. */
const mostShards = 100_000;
/** Maximum number of stars: with more, comparing some names would take forever. */
const mostStars = 3;

/** Finds files by a pattern, which may come from anybody's list: braces are not expanded, since a few of them make millions of patterns. */
async function filesLike(pattern: string, given: string, directory: string): Promise<string[]> {
  checkStars(pattern, given);
  return fastGlob(pattern, { cwd: directory, deep: 1, suppressErrors: true, braceExpansion: false, extglob: false });
}

function checkStars(pattern: string, given: string): void {
  const stars = pattern.split('*').length - 1;
  if (stars > mostStars) throw invalid(given, `its pattern has ${stars} *. Expected: at most ${mostStars}`);
}

/**
 * Finds remote shards. Remote folders of images are not supported, so a location without shards is an error.
 *
 * @throws SignetError `INVALID_DATASET`; RemoteError.
 */
async function remoteShards(given: string): Promise<ShardSet> {
  checkLocation(given);
  const { folder, name } = splitLocation(given);
  const isPattern = /[*?{]/.test(name);
  if (!isPattern && containerOf(name)) return setOf(given, folder, [name]);
  const found = isPattern ? await remoteShardsLike(name, given, folder) : await shardsOfFolder(given);
  if (found) return found;
  throw invalid(given, 'it has no TFRecord files or tar archives. Pack a folder of images with pack-dataset first');
}

async function remoteShardsLike(pattern: string, given: string, folder: string): Promise<ShardSet | null> {
  const files = /[*?]/.test(pattern) ? await remoteFilesLike(pattern, given, folder) : expandPattern(pattern, mostShards); // prettier-ignore
  if (!files)
    throw invalid(
      given,
      `its braces must contain a range of numbers such as {00000..00099}, of at most ${mostShards} shards`,
    );
  const shards = files.filter((file) => containerOf(file) !== null);
  return shards.length === 0 ? null : setOf(given, folder, shards);
}

async function remoteFilesLike(pattern: string, given: string, folder: string): Promise<readonly string[]> {
  checkStars(pattern, given);
  const entries = await entriesOf(folder);
  if (!entries) throw notListed(given);
  const parts = pattern
    .split(/([*?])/)
    .map((part) => ({ '*': '.*', '?': '.' })[part] ?? part.replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`));
  const likeness = new RegExp(`^${parts.join('')}$`, 's');
  return entries.map(({ name }) => name).filter((name) => name.length <= 255 && likeness.test(name));
}

/** The error for a folder that cannot be listed. */
function notListed(given: string): SignetError {
  return invalid(
    given,
    `it has no ${shardIndexFile}, and folders at https:// cannot be listed. Give one shard, or a range of numbers such as train-{00000..00099}.tar`,
  );
}

async function shardsOfFolder(directory: string): Promise<ShardSet | null> {
  const index = await readShardIndex(directory);
  if (index) return shardsOfIndex(directory, index);
  const entries = await entriesOf(directory);
  if (!entries) throw notListed(directory);
  const seen = entries.filter(({ name }) => !name.startsWith('.'));
  const files = seen.map(({ name }) => name).filter((name) => containerOf(name) !== null);
  // Folders are classes; an archive next to them is probably the one that they were unpacked from.
  if (files.length === 0 || seen.some((each) => each.isDirectory)) return null;
  checkParts(directory, files);
  return setOf(directory, directory, files);
}

async function shardsOfIndex(directory: string, index: ShardIndex): Promise<ShardSet> {
  const found = await mapConcurrently(index.shards, 16, async ({ file, bytes }) => {
    const size = await sizeOf(joinLocation(directory, file));
    if (size === null) return `${file} is missing`;
    return size === bytes ? [] : `${file} has ${size} bytes. Expected: ${bytes}`;
  });
  const faults = found.flat();
  if (faults.length > 0) throw lacking(directory, faults, `${shardIndexFile} lists`, index.shards.length);
  const files = index.shards.map(({ file }) => file);
  return { name: directory, directory, container: index.container, files, index, subsets: null };
}

/** @throws SignetError `INVALID_DATASET` where names such as `train-00003-of-00010` say that there are others. */
function checkParts(directory: string, files: readonly string[]): void {
  const sets = new Map<string, Set<number>>();
  for (const file of files) {
    const [, before = '', part, total, after = ''] = /^(.*)-(\d{1,9})-of-(\d{1,9})(.*)$/.exec(file) ?? [];
    if (part === undefined) continue;
    const key = JSON.stringify([before, total, after]);
    sets.set(key, (sets.get(key) ?? new Set()).add(Number(part)));
  }
  for (const [key, parts] of sets) {
    const [before = '', total = '', after = ''] = JSON.parse(key) as string[];
    const lacks = Number(total) - parts.size;
    if (lacks <= 0) continue;
    const first: string[] = [];
    for (let part = 0; part < Number(total) && first.length < Math.min(3, lacks); part += 1) {
      if (!parts.has(part)) first.push(`${before}-${String(part).padStart(total.length, '0')}-of-${total}${after} is missing`); // prettier-ignore
    }
    throw lacking(directory, first, 'their names imply', Number(total), lacks);
  }
}

function lacking(directory: string, faults: readonly string[], who: string, total: number, number = faults.length) {
  const shown = faults.slice(0, 3).map((fault) => `  ${printable(fault)}`);
  const more = number > shown.length ? [`  … and ${number - shown.length} more`] : [];
  return new SignetError(
    'INVALID_DATASET',
    [`The shards in ${shownLocation(directory)} are incomplete: ${who} ${count(total, 'shard')}.`, ...shown, ...more, 'Copy or pack them again.'].join('\n'),
  ); // prettier-ignore
}

function setOf(name: string, directory: string, found: readonly string[]): ShardSet {
  const files = found.toSorted(byCodePoint);
  const [container, ...others] = new Set(files.map(containerOf));
  if (others.length > 0 || !container) throw invalid(name, 'it has both TFRecord files and tar archives');
  const named = files.map((file) => [file, subsetOf(file)] as const);
  const kinds = new Set(named.map(([, subset]) => subset));
  const known = named.flatMap(([file, subset]) => (subset ? [[file, subset] as const] : []));
  const subsets = kinds.size > 1 && known.length === files.length ? new Map(known) : null;
  return { name, directory, container, files, index: null, subsets };
}

/** TensorFlow Datasets writes `mnist-train.tfrecord-00000-of-00001`, Google's older scripts `train-00000-of-01024`. */
function containerOf(file: string): Container | null {
  if (/\.tar$/i.test(file)) return 'webdataset';
  return /\.tfrecords?(?:-\d+-of-\d+)?$|^[^.]+-\d{5}-of-\d{5}$/i.test(file) ? 'tfrecord' : null;
}

function subsetOf(file: string): Subset | null {
  const [, word = ''] = /(?:^|[-_.])(train|val|test)(?:ing|idation|id)?(?=[-_.]|$)/i.exec(file) ?? [];
  const subsets: Readonly<Record<string, Subset>> = { train: 'training', val: 'validation', test: 'test' };
  return subsets[word.toLowerCase()] ?? null;
}

function invalid(name: string, what: string): SignetError {
  return new SignetError('INVALID_DATASET', `The data set ${shownLocation(name)} cannot be used: ${what}.`);
}
