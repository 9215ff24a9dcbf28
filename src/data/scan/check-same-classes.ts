import { SignetError } from '../../errors.js';
import { quoted } from '../../text/printable.js';
import { similarNames } from './similar-names.js';

/** Words for the two lists of classes in a message. */
export interface ClassSources {
  /** Where the classes were found. Default `the test set`. */
  readonly found?: string;
  /** Where the classes are known from. Default `the training set`. */
  readonly expected?: string;
}

/**
 * Checks that a label means the same in two places, such as a test set and the model that it tests. Names that differ only in their Unicode form
 * count as the same.
 *
 * @throws SignetError `CLASSES_DIFFER` that lists what is missing, what is unexpected, or the two orders.
 */
export function checkSameClasses(
  found: readonly string[],
  expected: readonly string[],
  { found: here = 'the test set', expected: there = 'the training set' }: ClassSources = {},
): void {
  const [ours, theirs] = [found, expected].map((names) => names.map((name) => name.normalize('NFC'))) as [
    string[],
    string[],
  ];
  const missing = without(theirs, ours);
  const unexpected = without(ours, theirs);
  if (missing.length + unexpected.length > 0) {
    throw new SignetError(
      'CLASSES_DIFFER',
      `The classes of ${here} are not those of ${there}.\n` +
        `${[list('Missing', missing), list('Unexpected', unexpected), ...similarNames(unexpected, missing)].filter((line) => line !== '').join('\n')}\n` +
        'Every class needs a directory of its name with at least one image, and there may be no others.',
    );
  }
  if (ours.every((name, label) => name === theirs[label])) return;
  throw new SignetError(
    'CLASSES_DIFFER',
    `The classes of ${here} are those of ${there} in another order, so that labels would be confused.\n` +
      `Expected: ${quoted(expected)}.\nReceived: ${quoted(found)}.`,
  );
}

function without(names: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return names.filter((name) => !known.has(name));
}

function list(title: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${title}: ${quoted(names)}.`;
}
