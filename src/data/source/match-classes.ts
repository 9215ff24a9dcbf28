import { SignetError } from '../../errors.js';
import { quoted } from '../../text/printable.js';
import { checkSameClasses, type ClassSources } from '../scan/check-same-classes.js';
import { type ImageScan, labelsOf } from '../scan/image-scan.js';
import { similarNames } from '../scan/similar-names.js';

/**
 * Gives a scan the classes of a model or of a training set, so that a label means the same in both.
 *
 * A folder must have the same classes. A list may name only some of them: its labels then become positions in `classNames`.
 *
 * @throws SignetError `CLASSES_DIFFER` that lists what is missing or unexpected.
 */
export function matchClasses(scan: ImageScan, classNames: readonly string[], sources: ClassSources): ImageScan {
  if (scan.list === undefined) {
    checkSameClasses(scan.classNames, classNames, sources);
    return scan;
  }
  const positions = new Map(classNames.map((name, label) => [name.normalize('NFC'), label]));
  const unknown = scan.classNames.filter((name) => !positions.has(name));
  if (unknown.length > 0) {
    const { found = 'the test set', expected = 'the training set' } = sources;
    const lines = [
      `The classes of ${found} are not those of ${expected}.`,
      `Unexpected: ${quoted(unknown)}.`,
      ...similarNames(unknown, classNames),
      `A list may name these classes alone: ${quoted(classNames)}.`,
    ];
    throw new SignetError('CLASSES_DIFFER', lines.join('\n'));
  }
  const positionOf = (label: number) => positions.get(scan.classNames[label] ?? '') ?? -1;
  const files = scan.files.map((file) => {
    const [label = -1, ...others] = labelsOf(file)
      .map(positionOf)
      .sort((a, b) => a - b);
    return { ...file, label, ...(file.labels && { labels: label === -1 ? [] : [label, ...others] }) };
  });
  return { ...scan, classNames, files };
}
