import { classNamesOf } from '../../data/scan/image-scan.js';
import { count } from '../../text/amounts.js';
import { printable, quoted } from '../../text/printable.js';
import type { DataCheck } from './check-data.js';
import type { DuplicatePair } from './near-duplicates.js';

/** Whether a picture of the test set is in the training set too. */
export function isLeak({ images }: DataCheck, { images: [one, other] }: DuplicatePair): boolean {
  return images[one]?.set !== images[other]?.set;
}

/** Whether one picture has other classes in one place than in the other. */
export function isOfTwoClasses({ images, classNames }: DataCheck, pair: DuplicatePair): boolean {
  const [one, other] = pair.images.map(
    (image) => images[image] && classNamesOf(images[image].file, classNames).join('\n'),
  );
  return one !== other;
}

/** Pairs that show one picture, by what harm they do. */
export interface DuplicatesByHarm {
  /** One of the test set, the other of the training set. */
  readonly leaks: readonly DuplicatePair[];
  /** In one set, with different classes. */
  readonly twoClasses: readonly DuplicatePair[];
  /** In one set, with the same classes. */
  readonly repeated: readonly DuplicatePair[];
}

/** Sorts the pairs that a check found, each into one list. */
export function duplicatesByHarm(check: DataCheck): DuplicatesByHarm {
  const others = check.duplicates.filter((pair) => !isLeak(check, pair));
  return {
    leaks: check.duplicates.filter((pair) => isLeak(check, pair)),
    twoClasses: others.filter((pair) => isOfTwoClasses(check, pair)),
    repeated: others.filter((pair) => !isOfTwoClasses(check, pair)),
  };
}

/** Says what was found, a sentence for each kind of finding, the most harmful first; one sentence if nothing was. */
export function describeCheck(check: DataCheck): string[] {
  const { labels, alike, odd, few, classNames, bad } = check;
  const { leaks, twoClasses, repeated } = duplicatesByHarm(check);
  const testImages = new Set(leaks.map(({ images: [, test] }) => test)).size;
  const sure = (labels ?? []).filter(({ isConfident }) => isConfident).length;
  const sentences = [
    testImages > 0 && `${count(testImages, 'test picture is', 'test pictures are')} in the training set too: accuracy on ${testImages === 1 ? 'it' : 'them'} says nothing about new pictures.`,
    twoClasses.length > 0 && `${count(twoClasses.length, 'picture is', 'pictures are')} in two classes: at most one label is right.`,
    labels && labels.length > 0 && `${count(labels.length, 'label is', 'labels are')} suspicious, ${sure} of them by confident learning too; the first are the likeliest to be wrong.`,
    repeated.length > 0 && `${count(repeated.length, 'picture is', 'pictures are')} repeated in one class.`,
    ...kindsOf(check).map(([kind, number]) => `${count(number, 'picture is', 'pictures are')} ${kind === 'odd shape' ? 'of an odd shape' : kind === 'one colour' ? 'of one colour' : kind}.`),
    ...(alike ?? []).slice(0, 5).map(({ classes: [a, b], confused }) => `${quoted([classNames[a] ?? ''])} and ${quoted([classNames[b] ?? ''])} are hard to tell apart: ${(100 * confused).toFixed(0)} % of their images are taken for the other.`),
    few.length > 0 && `Few images: ${few.slice(0, 4).map(({ label, images, set }) => `${quoted([classNames[label] ?? ''])} has ${images} in the ${set} set`).join(', ')}${few.length > 4 ? `, and ${few.length - 4} more` : ''}.`,
    bad.length > 0 && `${count(bad.length, 'image does', 'images do')} not decode: ${bad.slice(0, 3).map(({ path }) => printable(path)).join(', ')}${bad.length > 3 ? ', …' : ''}.`,
  ].filter((sentence) => typeof sentence === 'string'); // prettier-ignore
  return sentences.length === 0 && odd.length === 0 ? ['Nothing was found.'] : sentences;
}

function kindsOf({ odd }: DataCheck): [kind: string, number: number][] {
  const numbers = new Map<string, number>();
  for (const { kind } of odd) numbers.set(kind, (numbers.get(kind) ?? 0) + 1);
  return [...numbers];
}
