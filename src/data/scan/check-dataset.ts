import { stat } from 'node:fs/promises';

import { SignetError } from '../../errors.js';
import { describeProblems } from './describe-problems.js';
import type { ClassDirectory } from './find-class-directories.js';
import { fileProblem, type ImageProblem } from '../image-file/image-problem.js';
import { type ImageScan, labelsOf, nameOfScan } from './image-scan.js';
import { printable, quoted } from '../../text/printable.js';

const layout = 'A data set is a directory with a directory of images for each class, such as';

/** @throws SignetError `INVALID_DATASET` unless it is a directory. */
export async function checkDirectory(directory: string): Promise<void> {
  const name = printable(directory);
  try {
    if ((await stat(directory)).isDirectory()) return;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const { message } = await fileProblem(directory, error);
    const reason = isMissing && !message.startsWith('is') ? 'does not exist' : message;
    throw new SignetError('INVALID_DATASET', `The data set ${name} ${reason}.`, { cause: error });
  }
  throw new SignetError(
    'INVALID_DATASET',
    `The data set ${name} is not a directory. ${layout} ${name}/cat and ${name}/dog.`,
  );
}

/** The classes of a scan, in the order of their labels, and the names of directories that are not classes. */
export interface ChosenClasses {
  readonly classes: ClassDirectory[];
  readonly unusedDirectories: string[];
}

/**
 * Takes the classes that `classNames` lists, in its order; without such a list all of them, in their own order.
 *
 * @throws SignetError `INVALID_ARGUMENT` for a name twice, `INVALID_DATASET` for names without a directory.
 */
export function chooseClasses(
  directory: string,
  found: readonly ClassDirectory[],
  classNames?: readonly string[],
): ChosenClasses {
  if (classNames === undefined) return { classes: [...found], unusedDirectories: [] };
  const wanted = classNames.map((name) => name.normalize('NFC'));
  const twice = classNames.filter((name, label) => classNames.indexOf(name) !== label);
  if (twice.length > 0) throw new SignetError('INVALID_ARGUMENT', `classNames lists ${quoted(new Set(twice))} twice.`);
  const byName = new Map(found.map((one) => [one.name, one]));
  const missing = wanted.filter((name) => !byName.has(name));
  const unusedDirectories = found.map(({ name }) => name).filter((name) => !wanted.includes(name));
  if (missing.length > 0) throw namesDiffer(directory, missing, unusedDirectories);
  return { classes: wanted.flatMap((name) => byName.get(name) ?? []), unusedDirectories };
}

function namesDiffer(directory: string, missing: readonly string[], unexpected: readonly string[]): SignetError {
  const others = unexpected.length > 0 ? `\nDirectories that classNames does not list: ${quoted(unexpected)}.` : '';
  return new SignetError(
    'INVALID_DATASET',
    `The directories in ${printable(directory)} are not those that classNames lists.\n` +
      `Without a directory: ${quoted(missing)}.${others}`,
  );
}

/**
 * @param lostClasses Entries that should be class folders and cannot be read: unlike bad images, they are never skipped.
 * @throws SignetError `INVALID_DATASET` that lists every reason why nothing should be trained, and every bad image.
 */
export function checkDataset(scan: ImageScan, lostClasses: readonly ImageProblem[]): void {
  const paths = quoted(lostClasses.map(({ path }) => path));
  const faults = lostClasses.length === 0 ? [] : [`Cannot be read, and may be classes: ${paths}.`];
  faults.push(...faultsOfNumber(scan), ...faultsOfNames(scan), ...faultsOfImages(scan));
  if (faults.length === 0) return;
  const problems = describeProblems(scan.problems);
  const lines = [`The data set ${printable(nameOfScan(scan))} cannot be used.`, ...faults, problems];
  throw new SignetError('INVALID_DATASET', lines.filter((line) => line !== '').join('\n'));
}

function faultsOfNumber({ classNames, directory, list, notes }: ImageScan): string[] {
  if (classNames.length >= 2) return [];
  const name = printable(directory);
  const found = classNames.length === 1 ? `only ${quoted(classNames)}` : 'none';
  if (list !== undefined) return [`It needs at least two classes. Found: ${found}.`];
  const stray = notes.strayFiles.length > 0 ? ` Files directly in ${name}: ${notes.strayFiles.length}.` : '';
  return [`It needs at least two classes. Found: ${found}.${stray} ${layout} ${name}/cat and ${name}/dog.`];
}

/** A class name becomes a line of a text file within the model. */
function faultsOfNames({ classNames }: ImageScan): string[] {
  const bad = classNames.filter((name) => printable(name) !== name);
  return bad.length === 0 ? [] : [`Classes whose names have control characters (rename them): ${quoted(bad)}.`];
}

function faultsOfImages({ classNames, files }: ImageScan): string[] {
  const seen = new Set(files.flatMap((file) => labelsOf(file)));
  const empty = classNames.filter((_, label) => !seen.has(label));
  return empty.length === 0 ? [] : [`Classes without an image that can be used: ${quoted(empty)}.`];
}
