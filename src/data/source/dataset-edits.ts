import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import * as v from 'valibot';

import { SignetError, wordsOf } from '../../errors.js';
import { count } from '../../text/amounts.js';
import { jsonText, printable, quoted } from '../../text/printable.js';
import { type ImageScan, pathWithin } from '../scan/image-scan.js';

/** A change to a data set without a change to its files: an image that is left out, or that has another label. */
export interface DatasetEdit {
  readonly action: 'exclude' | 'relabel';
  /** The data set that it belongs to. */
  readonly set: 'training' | 'test';
  /** Path of the image within the data set's folder, with `/` between names. */
  readonly path: string;
  /** Name of the class that a relabelled image gets, or of all its classes if it may have several. */
  readonly labels?: readonly string[] | undefined;
  /** Reason in words for people. */
  readonly reason: string;
  /** Another image that is the reason, written the same way. */
  readonly other?: string | undefined;
}

/** Writes edits as JSON Lines: whoever deletes a line keeps that image unchanged. */
export function datasetEditsText(edits: readonly DatasetEdit[]): string {
  return edits.map((edit) => `${jsonText(edit)}\n`).join('');
}

/** A file of edits may come from anybody: maximum size in bytes, and maximum number of faults that a message lists. */
const mostBytes = 64 * 2 ** 20;
const shownFaults = 10;
const longestPath = 4096;

const rowSchema = v.object({
  action: v.picklist(['exclude', 'relabel']),
  set: v.optional(v.picklist(['training', 'test']), 'training'),
  path: v.pipe(v.string(), v.minLength(1), v.maxLength(longestPath)),
  labels: v.optional(v.array(v.string())),
  reason: v.optional(v.string(), ''),
  other: v.optional(v.string()),
});

/**
 * Reads the edits that `check-dataset --write` lists, as they are or changed by hand. Nothing of the file is trusted: it names images that a scan has
 * found, and none is opened because of it.
 *
 * @throws SignetError `INVALID_DATASET` that lists what is wrong by line: not JSON, or a path that leaves the data set.
 */
export async function readDatasetEdits(file: string): Promise<DatasetEdit[]> {
  const faults: string[] = [];
  const edits = (await readText(file)).split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const edit = parseRow(line);
    if (typeof edit !== 'string') return [edit];
    faults.push(`  line ${i + 1} ${edit}`);
    return [];
  });
  if (faults.length === 0) return edits;
  const more = faults.length > shownFaults ? [`  … and ${faults.length - shownFaults} more`] : [];
  throw new SignetError(
    'INVALID_DATASET',
    [`${printable(file)} cannot be used: ${count(faults.length, 'fault')}.`, ...faults.slice(0, shownFaults), ...more].join('\n'),
  ); // prettier-ignore
}

async function readText(file: string): Promise<string> {
  const refused = (what: string) => new SignetError('INVALID_DATASET', `${printable(file)} cannot be used: ${what}.`);
  try {
    const { size } = await stat(file);
    if (size > mostBytes) throw refused(`it has ${size} bytes. Expected: at most ${mostBytes}`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw error instanceof SignetError ? error : refused(wordsOf(error));
  }
}

/** @returns The edit, or what is wrong with the line. */
function parseRow(line: string): DatasetEdit | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not JSON. Expected: {"action": "exclude", "set": "training", "path": "cats/1.jpg"}';
  }
  const { success, output, issues } = v.safeParse(rowSchema, value);
  if (!success) return `has a wrong ${v.getDotPath(issues[0]) ?? 'form'}: ${printable(issues[0].message)}`;
  if (leaves(output.path)) return `has the path ${quoted([output.path])}, which leaves the data set. Expected: a way from its folder down`; // prettier-ignore
  if (output.action === 'relabel' && output.labels === undefined) return 'has no labels. Expected: "labels": ["cat"]';
  return output;
}

function leaves(image: string): boolean {
  return path.isAbsolute(image) || /^[a-z]:|\0/i.test(image) || image.split(/[/\\]/).includes('..');
}

/** A scan after edits, and what was done. */
export interface EditedScan {
  readonly scan: ImageScan;
  readonly excluded: number;
  readonly relabelled: number;
  /** Paths of edits that are not images of the scan. */
  readonly unknown: readonly string[];
}

/**
 * Leaves images out of a scan, or gives images other labels, by edits of one action.
 *
 * @param edits Edits of the scan's data set.
 * @throws SignetError `INVALID_DATASET` for labels that are not classes of the scan, or several if an image has only one.
 */
export function applyDatasetEdits(scan: ImageScan, edits: readonly DatasetEdit[]): EditedScan {
  const byPath = new Map(edits.map((edit) => [edit.path, edit]));
  const unknown = new Set(byPath.keys());
  let [excluded, relabelled] = [0, 0];
  const files = scan.files.flatMap((file) => {
    const within = pathWithin(scan, file.path);
    const edit = byPath.get(within);
    if (!edit) return [file];
    unknown.delete(within);
    if (edit.action === 'exclude') {
      excluded += 1;
      return [];
    }
    relabelled += 1;
    return [{ ...file, ...newLabels(scan, edit) }];
  });
  return { scan: { ...scan, files }, excluded, relabelled, unknown: [...unknown] };
}

function newLabels({ classNames, isMultiLabel = false }: ImageScan, { path: image, labels: names = [] }: DatasetEdit) {
  const wrong = (what: string) =>
    new SignetError('INVALID_DATASET', `${quoted([image])} cannot be relabelled: ${what}`);
  const labels = names.map((name) => classNames.indexOf(name.normalize('NFC'))).sort((a, b) => a - b);
  if (labels.includes(-1)) {
    const unknown = names.filter((name) => !classNames.includes(name.normalize('NFC')));
    throw wrong(`${quoted(unknown)} is not a class. Expected: ${quoted(classNames.slice(0, 10))}`);
  }
  if (isMultiLabel) return { label: labels[0] ?? -1, labels };
  const [label, ...others] = labels;
  if (label === undefined || others.length > 0) throw wrong(`it has one class. Received: ${quoted(names)}`);
  return { label };
}
