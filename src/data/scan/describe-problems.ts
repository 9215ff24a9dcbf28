import type { ImageProblem, ProblemKind } from '../image-file/image-problem.js';
import { count } from '../../text/amounts.js';
import { printable } from '../../text/printable.js';
import { SignetError } from '../../errors.js';

/** Options for printing a list of problems. */
export interface DescribeOptions {
  /** A file with the full list, so that the terminal need not show it. Default none: every problem is printed. */
  readonly fullListIn?: string;
  /** Lines for each kind of problem if `fullListIn` has the rest. Default 50. */
  readonly linesPerKind?: number;
}

/** Headings in the order of the report, which follow `N files`. */
const headings: Readonly<Record<ProblemKind, string>> = {
  unreadable: 'unreadable',
  'symlink-loop': 'part of a circle of symbolic links',
  empty: 'empty',
  corrupt: 'corrupt',
  unsupported: 'of an unsupported format (supported are JPEG, PNG, GIF, BMP, WebP, AVIF and TIFF)',
  'too-large': 'too large',
  'too-many-pixels': 'too large in pixels',
  duplicate: 'the same as another',
};

/** Describes all problems for people, grouped by kind; the empty text if there are none. */
export function describeProblems(problems: readonly ImageProblem[], options: DescribeOptions = {}): string {
  const groups = Object.entries(headings).map(([kind, heading]) =>
    describeGroup(
      heading,
      problems.filter((problem) => problem.kind === kind),
      options,
    ),
  );
  return groups.filter((group) => group !== '').join('\n');
}

/** One line for each problem, its path, kind and reason separated by tabs: for a file, and for other programs. */
export function listProblems(problems: readonly ImageProblem[]): string {
  return problems.map(({ path, kind, message }) => `${printable(path)}\t${kind}\t${message}\n`).join('');
}

function describeGroup(heading: string, problems: readonly ImageProblem[], options: DescribeOptions): string {
  if (problems.length === 0) return '';
  const shown = options.fullListIn === undefined ? problems.length : (options.linesPerKind ?? 50);
  const lines = problems.slice(0, shown).map(({ path, message }) => `  ${printable(path)} ${message}`);
  const rest = problems.length - lines.length;
  if (rest > 0) lines.push(`  … and ${rest.toLocaleString('en-US')} more, full list in ${options.fullListIn}`);
  return [`${count(problems.length, 'file is', 'files are')} ${heading}:`, ...lines].join('\n');
}

/** The error that lists images which do not decode, with what to do. */
export function badImages(bad: readonly ImageProblem[]): SignetError {
  const advice = 'Repair or remove the files listed, or leave it out with --on-bad-image skip.';
  return new SignetError('BAD_IMAGE', `${describeProblems(bad)}\n${advice}`);
}
