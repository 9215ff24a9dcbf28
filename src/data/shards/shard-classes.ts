import * as v from 'valibot';

import { SignetError } from '../../errors.js';
import { readJson } from '../../files/read-json.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { printable, quoted } from '../../text/printable.js';
import { sizeOf, textOf } from '../remote/any-folder.js';
import { joinLocation } from '../remote/location.js';
import type { FeatureNames } from './example-sample.js';
import type { ShardImage } from './shard-row.js';

/** Names of classes by their numbers in shards. */
export interface ShardClasses {
  /** In the order of the labels. */
  readonly names: readonly string[];
  /** The label of a class, a position in `names`. @returns Null for what is not a class. */
  readonly labelOf: (value: number | string) => number | null;
}

/** Classes that are listed: a value is a position among them, or one of their names. */
export function listedClasses(listed: readonly string[]): ShardClasses {
  const names = listed.map((name) => name.normalize('NFC'));
  const positions = new Map(names.map((name, label) => [name, label]));
  return {
    names,
    labelOf: (value) => {
      if (typeof value === 'string') return positions.get(value.normalize('NFC')) ?? null;
      return names[value] === undefined ? null : value;
    },
  };
}

/**
 * Classes as named by the images: texts in the order of their numbers; without texts, the numbers themselves in their order, or names sorted by code
 * point.
 *
 * @throws SignetError `INVALID_DATASET` where a number has two names.
 */
export function classesOfImages(images: Iterable<ShardImage>, set: string): ShardClasses {
  const texts = new Map<number | string, string | null>();
  for (const { labels, texts: own } of images) {
    for (const [i, value] of labels.entries()) {
      const text = own.length === labels.length ? (own[i] ?? '').normalize('NFC') : null;
      const before = texts.get(value);
      if (text !== null && typeof before === 'string' && before !== text) throw invalid(set, `the class ${value} is ${quoted([before])} and ${quoted([text])}`); // prettier-ignore
      // TensorFlow Datasets uses -1 for images without a class.
      if (value !== -1) texts.set(value, text ?? before ?? null);
    }
  }
  const isNumbered = [...texts.keys()].every((value) => typeof value === 'number');
  const nameOf = (value: number | string) => texts.get(value) ?? String(value).normalize('NFC');
  const sorted = [...texts.keys()].sort((a, b) => isNumbered ? Number(a) - Number(b) : byCodePoint(nameOf(a), nameOf(b))); // prettier-ignore
  const names = [...new Set(sorted.map(nameOf))];
  const positions = new Map(names.map((name, label) => [name, label]));
  return { names, labelOf: (value) => (texts.has(value) ? (positions.get(nameOf(value)) ?? null) : null) };
}

/** Description that a third-party data set has of itself. */
export interface DatasetDescription extends FeatureNames {
  /** Names of the classes in the order of their numbers; absent if no file has them. */
  readonly classNames?: readonly string[] | null;
}

const mostBytes = 4 * 2 ** 20;
const featuresSchema = v.looseObject({
  featuresDict: v.looseObject({
    features: v.record(v.string(), v.looseObject({ image: v.optional(v.unknown()), classLabel: v.optional(v.unknown()) })), // prettier-ignore
  }),
});

/**
 * Reads the files that TensorFlow Datasets writes next to its shards, `features.json` and `label.labels.txt`, or `labels.txt` of Google's older
 * scripts, whose lines may begin with a number: `0:daisy`.
 *
 * @throws SignetError `INVALID_DATASET` for a file that cannot be used; RemoteError.
 */
export async function describeDataset(directory: string): Promise<DatasetDescription> {
  const file = joinLocation(directory, 'features.json');
  const error = (problem: string, cause: unknown) =>
    new SignetError('INVALID_DATASET', `${printable(file)} cannot be used: ${problem}.`, { cause });
  const found = await readJson(file, { mostBytes, schema: featuresSchema, error, readText: textOf });
  const features = Object.entries(found?.featuresDict.features ?? {});
  const [image] = features.find(([, each]) => each.image !== undefined) ?? [];
  const [label] = features.find(([, each]) => each.classLabel !== undefined) ?? [];
  const classNames = (await linesOf(joinLocation(directory, `${plainName(label) ?? 'label'}.labels.txt`))) ?? (await linesOf(joinLocation(directory, 'labels.txt'))); // prettier-ignore
  return { image, label, classNames };
}

/** The name of a feature as a part of a file name; a name from a file must not become a path. */
function plainName(name: string | undefined): string | undefined {
  return name !== undefined && /^[\w-]+$/.test(name) ? name : undefined;
}

async function linesOf(file: string): Promise<string[] | null> {
  const size = await sizeOf(file);
  const text = size === null || size > mostBytes ? null : await textOf(file, mostBytes);
  if (text === null) return null;
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const numbered = lines.map((line) => /^(\d+):(.+)$/.exec(line));
  if (!numbered.every((each) => each !== null)) return lines;
  const names: string[] = [];
  for (const [, number, name = ''] of numbered) if (Number(number) < lines.length) names[Number(number)] = name;
  return names.length === lines.length && !names.includes(undefined as never) ? names : lines;
}

function invalid(set: string, what: string): SignetError {
  return new SignetError('INVALID_DATASET', `The data set ${printable(set)} cannot be used: ${what}.`);
}
