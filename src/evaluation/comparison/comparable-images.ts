import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { type ImageScan, labelsOf, nameOfScan } from '../../data/scan/image-scan.js';
import { SignetError } from '../../errors.js';
import { printable, quoted } from '../../text/printable.js';

/** Two values: of the first model and of the second. */
export type Pair<Value> = readonly [first: Value, second: Value];

/** Images on which two models can be compared. */
export interface ComparableImages {
  /** Classes that both models have, in the order of the first. */
  readonly classNames: readonly string[];
  /** Classes that one of them has alone. */
  readonly only: Pair<readonly string[]>;
  /** Images of the common classes; labels are positions in `classNames`. */
  readonly files: readonly ImageFile[];
  /** Images, or labels where an image may have several, of classes that one model lacks: left aside. */
  readonly leftAside: readonly { readonly className: string; readonly images: number }[];
}

/**
 * Finds the images of a test set whose classes both models have, matched by name: their order may differ, and each may have classes that the other lacks.
 *
 * @param names Words for the two models in messages.
 * @throws SignetError `CLASSES_DIFFER` where the models have no class in common, or the test set has one that neither has, or no image of the common ones.
 */
export function comparableImages(
  scan: ImageScan,
  models: Pair<readonly string[]>,
  names: Pair<string>,
): ComparableImages {
  const [first, second] = models;
  const [inFirst, inSecond] = [positionsByName(first), positionsByName(second)];
  const classNames = first.filter((name) => inSecond(name) !== -1);
  const testSet = printable(nameOfScan(scan));
  if (classNames.length === 0) {
    throw differ(`${names[0]} and ${names[1]} have no class in common. Compare models that were trained for the same classes.`); // prettier-ignore
  }
  const unknown = scan.classNames.filter((name) => inFirst(name) === -1 && inSecond(name) === -1);
  if (unknown.length > 0) {
    throw differ(`${testSet} has classes that neither ${names[0]} nor ${names[1]} has: ${quoted(unknown)}. Both have: ${quoted(classNames)}.`); // prettier-ignore
  }
  const positions = scan.classNames.map(positionsByName(classNames));
  const files = scan.files.flatMap((file) => relabelled(file, positions) ?? []);
  if (files.length === 0) {
    throw differ(`${testSet} has no image of a class that both models have: ${quoted(classNames)}.`);
  }
  return {
    classNames,
    only: [first.filter((name) => inSecond(name) === -1), second.filter((name) => inFirst(name) === -1)],
    files,
    leftAside: leftAsideOf(scan, positions),
  };
}

/** @returns Null for an image of one class that one of the models lacks. */
function relabelled(file: ImageFile, positions: readonly number[]): ImageFile | null {
  const known = labelsOf(file)
    .map((label) => positions[label] ?? -1)
    .filter((label) => label !== -1)
    .sort((a, b) => a - b);
  const [label = -1] = known;
  if (file.labels) return { ...file, label, labels: known };
  return label === -1 ? null : { ...file, label };
}

function leftAsideOf({ files, classNames }: ImageScan, positions: readonly number[]): ComparableImages['leftAside'] {
  const counts = new Map<number, number>();
  for (const file of files) {
    for (const label of labelsOf(file)) {
      if (positions[label] === -1) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  }
  return [...counts].map(([label, images]) => ({ className: classNames[label] ?? '', images }));
}

/** @returns a function that gives the first position of a class, -1 without one. Names that differ in their Unicode form alone are one. */
export function positionsByName(classNames: readonly string[]): (name: string) => number {
  const positions = new Map<string, number>();
  for (const [position, name] of classNames.entries()) {
    const key = name.normalize('NFC');
    if (!positions.has(key)) positions.set(key, position);
  }
  return (name) => positions.get(name.normalize('NFC')) ?? -1;
}

function differ(message: string): SignetError {
  return new SignetError('CLASSES_DIFFER', message);
}
