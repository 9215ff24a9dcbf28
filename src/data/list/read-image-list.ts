import { stat } from 'node:fs/promises';
import path from 'node:path';

import { SignetError, wordsOf } from '../../errors.js';
import { count, sizeText } from '../../text/amounts.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { jsonText, printable, quoted } from '../../text/printable.js';
import { isRemote } from '../remote/location.js';
import { type ListFault, listLimits, type RawList, type RawRow, type Subset, subsetWords } from './list-row.js';
import { readCsvList } from './read-csv-list.js';
import { readJsonList } from './read-json-list.js';

/** An image of a list. */
export interface ListedImage {
  /** The list's folder, followed by the path within it; an absolute path is kept. */
  readonly path: string;
  /** Positions of its classes, ascending: one, or any number if the list is multi-label. */
  readonly labels: readonly number[];
  /** Null if the list has no column for it. */
  readonly subset: Subset | null;
  /** Number of its line in the list, from 1. */
  readonly line: number;
  /** Data set whose shards hold the image, with the list's folder in front; absent for a separate file. */
  readonly shards?: string;
}

/** A checked list of images. */
export interface ImageList {
  /** Names of the classes: in the order of their columns, or sorted by code point. */
  readonly classNames: readonly string[];
  /** Whether an image may have several classes, or none. */
  readonly isMultiLabel: boolean;
  readonly images: readonly ListedImage[];
  /** Sentences about what was left out. */
  readonly notes: readonly string[];
}

/**
 * Reads a list of images with their labels: CSV with a header, or JSON Lines in a file that ends with `.jsonl` or `.ndjson`.
 *
 * Nothing in the list is trusted: its size is limited, and it only names files to read.
 *
 * @throws SignetError `INVALID_DATASET` that lists the faults by line.
 */
export async function readImageList(file: string): Promise<ImageList> {
  await checkSize(file);
  const raw = await (/\.(?:jsonl|ndjson)$/i.test(file) ? readJsonList : readCsvList)(file);
  const faults = [...raw.faults];
  const rows = raw.rows.flatMap((row) => checkedRow(row, faults));
  checkRows(raw, rows, faults);
  if (faults.length > 0) throw faulty(file, faults, raw.rows.length);
  const isMultiLabel = raw.classNames !== null || raw.rows.some(({ label }) => Array.isArray(label));
  const names = raw.classNames ?? [...new Set(rows.flatMap(({ names: own }) => own))].sort(byCodePoint);
  const labels = new Map(names.map((name, i) => [name, i]));
  const located = (each: string) =>
    path.isAbsolute(each) || isRemote(each) ? each : path.join(path.dirname(file), each);
  const images = rows.map(({ names: own, path: image, line, subset, shards }) => ({
    path: located(image),
    labels: own.map((name) => labels.get(name) ?? 0).sort((a, b) => a - b),
    line,
    subset,
    ...(shards !== undefined && { shards: located(shards) }),
  }));
  return { classNames: names, isMultiLabel, images, notes: raw.notes };
}

interface CheckedRow {
  readonly path: string;
  readonly names: readonly string[];
  readonly subset: Subset | null;
  readonly line: number;
  readonly shards: string | undefined;
}

async function checkSize(file: string): Promise<void> {
  const refused = (what: string, cause?: unknown) =>
    new SignetError('INVALID_DATASET', `The list ${printable(file)} cannot be used: ${what}.`, { cause });
  const stats = await stat(file).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw refused(isMissing ? 'it does not exist' : wordsOf(error), error);
  });
  if (!stats.isFile())
    throw refused(stats.isDirectory() ? 'it is a folder. Give a CSV file or JSON Lines' : 'it is not a file');
  if (stats.size > listLimits.bytes) {
    throw refused(`it has ${sizeText(stats.size)}. Expected: at most ${sizeText(listLimits.bytes)}`);
  }
}

function checkedRow({ line, path: image, label, split, shards }: RawRow, faults: ListFault[]): CheckedRow[] {
  // Lists may come from anybody, and HTTP could reach services on this machine.
  const isElsewhere = typeof shards === 'string' && isRemote(shards) && !shards.startsWith('http:');
  const wrong = [
    wrongPath(image, isElsewhere),
    wrongLabel(label),
    wrongSplit(split),
    shards === undefined ? null : wrongPath(shards, isElsewhere),
  ].filter((each) => each !== null);
  faults.push(...wrong.map((message) => ({ line, message })));
  if (wrong.length > 0) return [];
  const names = [label].flat().map((name) => (name as string).normalize('NFC'));
  const subset = split === undefined ? null : (subsetWords.get(split) ?? null);
  return [
    {
      path: isElsewhere ? (image as string) : path.normalize(image as string),
      names: [...new Set(names)],
      subset,
      line,
      shards: shards as string | undefined,
    },
  ];
}

/** Maximum length of a path, in characters. */
const longestPath = 4096;
/** Maximum length of a class's name, in characters. */
const longestName = 1000;

function wrongPath(value: unknown, mayBeElsewhere: boolean): string | null {
  if (typeof value !== 'string' || value === '')
    return value === '' ? 'has no path' : `has the path ${shown(value)}. Expected: text`;
  if (value.length > longestPath) return `has a path of ${value.length} characters. Expected: at most ${longestPath}`;
  if (/[\0\ufffd]/.test(value)) return `has the path ${quoted([value])}. Expected: text in UTF-8, without zero bytes`;
  return /^[a-z][a-z\d+.-]+:\/\//i.test(value) && !(mayBeElsewhere && isRemote(value))
    ? `has the address ${quoted([value])}. Expected: the path of a file here`
    : null;
}

function wrongLabel(value: unknown): string | null {
  const names: unknown[] = [value].flat();
  const wrong = names.find(
    (name) => typeof name !== 'string' || name === '' || name.length > longestName || printable(name) !== name,
  );
  if (names.length === 0 || (wrong === undefined && value !== undefined)) return null;
  return wrong === '' || value === undefined
    ? 'has no label'
    : `has the label ${shown(wrong)}. Expected: one line of text`;
}

function wrongSplit(value: unknown): string | null {
  if (value === undefined || subsetWords.has(value)) return null;
  return `has the split ${shown(value)}. Expected: train, validation or test`;
}

function checkRows({ rows: { length } }: RawList, rows: readonly CheckedRow[], faults: ListFault[]): void {
  if (length > listLimits.rows)
    faults.push({ line: listLimits.rows, message: `is not the last. Expected: at most ${listLimits.rows} rows` });
  if (length === 0 && faults.length === 0) faults.push({ line: 1, message: 'is followed by no image' });
  const lines = new Map<string, number>();
  for (const { path: image, line } of rows) {
    const before = lines.get(image);
    if (before !== undefined) faults.push({ line, message: `has the path of line ${before}, ${quoted([image])}` });
    else lines.set(image, line);
  }
  const split = rows.filter(({ subset }) => subset === null).length;
  if (split > 0 && split < rows.length) {
    const first = rows.find(({ subset }) => subset === null);
    faults.push({ line: first?.line ?? 1, message: 'has no split, and other lines have one' });
  }
}

/** Maximum number of faults that a message lists. */
const shownFaults = 20;

function faulty(file: string, faults: readonly ListFault[], rows: number): SignetError {
  const sorted = faults.toSorted((a, b) => a.line - b.line);
  const lines = sorted.slice(0, shownFaults).map(({ line, message }) => `  line ${line} ${message}`);
  const more = faults.length - lines.length;
  const rest =
    more > 0
      ? [`  … and ${more.toLocaleString('en-US')} more${faults.length >= listLimits.faults ? ' at least' : ''}`]
      : [];
  const head = `The list ${printable(file)} cannot be used: ${count(faults.length, 'fault')} in ${count(rows, 'row')}.`;
  return new SignetError('INVALID_DATASET', [head, ...lines, ...rest].join('\n'));
}

function shown(value: unknown): string {
  const text = jsonText(value ?? null);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
