import { basename } from 'node:path';

import { SignetError } from '../../errors.js';
import { count } from '../../text/amounts.js';
import { describeProblems, type DescribeOptions, listProblems } from './describe-problems.js';
import { formatNames, type ImageFormat, isTranscoded } from '../image-file/image-format.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import { type DeepImages, nearlyBlack } from './deep-images.js';
import { type ImageScan, nameOfScan } from './image-scan.js';
import { similarNames } from './similar-names.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { printable, quoted } from '../../text/printable.js';

/** Reaction to files that cannot be used: stop, or continue without them. */
export type OnBadImage = 'fail' | 'skip';

/** A scan in which every file can be used. */
export interface UsableScan {
  /** The scan without its problems. */
  readonly scan: ImageScan;
  /** The files that are left out; empty unless files were skipped. */
  readonly skipped: readonly ImageProblem[];
  /** The same as text for a file: one line per file, its path, kind and reason separated by tabs. */
  readonly skippedList: string;
}

/**
 * Applies the reaction to files that cannot be used.
 *
 * @throws SignetError `BAD_IMAGE` that lists them all, if there are any and `onBadImage` is `fail`.
 */
export function assertUsable(scan: ImageScan, onBadImage: OnBadImage, options: DescribeOptions = {}): UsableScan {
  const skipped = scan.problems;
  if (skipped.length === 0 || onBadImage === 'skip') {
    return { scan: { ...scan, problems: [] }, skipped, skippedList: listProblems(skipped) };
  }
  throw new SignetError(
    'BAD_IMAGE',
    `${count(skipped.length, 'file')} in ${printable(nameOfScan(scan))} cannot be used.\n` +
      `${describeProblems(skipped, options)}\n` +
      'Repair or remove them, or continue without them: --on-bad-image skip',
  );
}

/** Returns a sentence for each finding that is not a fault but may surprise. */
export function scanNotes({ directory, files, notes, classNames }: ImageScan, exif: ExifHandling = 'apply'): string[] {
  return [
    ...(notes.ofList ?? []),
    noteMisnamed(files.filter(({ misnamedAs }) => misnamedAs !== undefined)),
    noteOrientation(files.filter(({ orientation }) => orientation !== undefined).length, exif),
    noteTranscoded(files.filter(({ format }) => isTranscoded(format))),
    noteDeep(files.filter(({ bitsPerSample }) => bitsPerSample === 16).length, notes.deepImages),
    noteFrames(files.filter(({ frames }) => frames !== undefined).length),
    noteStray(notes.strayFiles, directory),
    noteUnused(notes.unusedDirectories),
    noteRepeated(notes.repeatedDirectories),
    noteSimilar(similarNames(classNames)),
  ].filter((note) => note !== null);
}

function noteMisnamed(files: readonly ImageFile[]): string | null {
  const [first] = files;
  if (first === undefined) return null;
  const example = `${printable(first.path)} is ${formatNames[first.format]}`;
  return `${count(files.length, 'file is', 'files are')} named for another format and used all the same: ${example}.`;
}

function noteOrientation(number: number, exif: ExifHandling): string | null {
  if (number === 0) return null;
  if (exif === 'apply') return `${count(number, 'file is', 'files are')} turned upright, as the EXIF orientation says.`;
  return `${count(number, 'file has', 'files have')} an EXIF orientation, which is ignored.`;
}

function noteTranscoded(files: readonly ImageFile[]): string | null {
  if (files.length === 0) return null;
  const formats = new Map<ImageFormat, number>();
  for (const { format } of files) formats.set(format, (formats.get(format) ?? 0) + 1);
  const parts = Array.from(formats, ([format, number]) => `${number.toLocaleString('en-US')} ${formatNames[format]}`);
  return `${count(files.length, 'file is', 'files are')} transcoded to PNG in memory: ${parts.join(', ')}.`;
}

function noteDeep(number: number, inspected: DeepImages | undefined): string | null {
  if (number === 0) return null;
  const note = `${count(number, 'file has', 'files have')} 16 bits per sample, of which the upper 8 are used.`;
  if (!inspected || inspected.brightest >= nearlyBlack) return note;
  const { images, brightest } = inspected;
  const where = images === 1 ? 'the first' : `the first ${images}`;
  return `${note} The brightest of ${where} is ${brightest.toLocaleString('en-US')} of 65,535, nearly black: scale them first, if they hold data of 10 or 12 bits.`;
}

function noteFrames(number: number): string | null {
  if (number === 0) return null;
  return `${count(number, 'file has', 'files have')} several frames or pages, of which the first is used.`;
}

function noteStray(paths: readonly string[], directory: string): string | null {
  if (paths.length === 0) return null;
  const files = count(paths.length, 'file is', 'files are');
  return `${files} directly in ${printable(directory)}, in no class, and ${areNotUsed(paths.map((path) => basename(path)))}.`;
}

function noteUnused(names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const directories = count(names.length, 'directory is', 'directories are');
  return `${directories} not among the class names and ${areNotUsed(names)}.`;
}

function noteRepeated(paths: readonly string[]): string | null {
  if (paths.length === 0) return null;
  const links = count(paths.length, 'symbolic link leads', 'symbolic links lead');
  return `${links} to a directory of the same class that is read already and ${areNotUsed(paths)}.`;
}

function noteSimilar(sentences: readonly string[]): string | null {
  if (sentences.length === 0) return null;
  const more = sentences.length > 3 ? ` … and ${count(sentences.length - 3, 'pair')} more.` : '';
  return `Classes whose names may be meant as one: ${sentences.slice(0, 3).join(' ')}${more}`;
}

/** `are not used: "a", "b", …`, with five names at most. */
function areNotUsed(names: readonly string[]): string {
  const more = names.length > 5 ? ', …' : '';
  return `${names.length === 1 ? 'is' : 'are'} not used: ${quoted(names.slice(0, 5))}${more}`;
}
