import { labelsOf } from '../../data/scan/image-scan.js';
import type { DatasetEdit } from '../../data/source/dataset-edits.js';
import { classNamesOf } from '../../data/scan/image-scan.js';
import type { DataCheck } from './check-data.js';
import { groupsOf } from './near-duplicates.js';

/** An edit with the image that it is about. */
export interface SuggestedEdit extends Omit<DatasetEdit, 'path' | 'other' | 'set'> {
  /** Position among all images. */
  readonly image: number;
  /** Position of the image that is the reason. */
  readonly other?: number | undefined;
}

/**
 * Suggests what to leave out or to relabel, to be looked at first. Of images that show one picture one stays, of the test set where that has it; none where
 * they are of several classes, for at most one label is right. Labels of the training set are changed where confident learning agrees; those of
 * the test set never, for a test corrected by a model would praise it.
 */
export function suggestEdits(check: DataCheck): SuggestedEdit[] {
  const excluded = groupsOf(check.duplicates).flatMap((group) => withoutRepeated(check, group));
  const without = new Set(excluded.map(({ image }) => image));
  const flat = check.odd.filter(({ image, kind }) => kind === 'one colour' && !without.has(image));
  const flatOnes = flat.map(({ image, words }): SuggestedEdit => ({ action: 'exclude', image, reason: `one colour: ${words}` })); // prettier-ignore
  for (const { image } of flat) without.add(image);
  return [...excluded, ...flatOnes, ...relabelled(check, without)];
}

function withoutRepeated(check: DataCheck, group: readonly number[]): SuggestedEdit[] {
  const { images, classNames } = check;
  const kinds = new Set(group.map((image) => classNamesOf((images[image] ?? never()).file, classNames).join('\n')));
  const size = (image: number) => (images[image]?.file.width ?? 0) * (images[image]?.file.height ?? 0);
  const isTest = (image: number) => images[image]?.set === 'test';
  const [kept = 0, ...others] = group.toSorted(
    (a, b) => Number(isTest(b)) - Number(isTest(a)) || size(b) - size(a) || a - b,
  );
  if (kinds.size > 1) {
    return group.map((image) => ({ action: 'exclude', image, reason: 'the same picture is in another class', other: image === kept ? others[0] : kept })); // prettier-ignore
  }
  return others.map((image) => {
    const reason = isTest(kept) && !isTest(image) ? 'the test set has the same picture' : 'the same picture again';
    return { action: 'exclude', image, reason, other: kept };
  });
}

function relabelled({ images, classNames, labels }: DataCheck, without: ReadonlySet<number>): SuggestedEdit[] {
  const changed = new Map<number, { labels: Set<number>; reasons: string[] }>();
  for (const { image, given, suggested, selfConfidence, probability, isConfident } of labels ?? []) {
    const found = images[image];
    if (!isConfident || found?.set !== 'training' || without.has(image)) continue;
    const change = changed.get(image) ?? { labels: new Set(labelsOf(found.file)), reasons: [] };
    if (given !== null) change.labels.delete(given);
    if (suggested !== null) change.labels.add(suggested);
    change.reasons.push(reasonOf(classNames, { given, suggested, selfConfidence, probability }));
    changed.set(image, change);
  }
  return [...changed].map(([image, change]) => ({
    action: 'relabel',
    image,
    labels: [...change.labels].sort((a, b) => a - b).map((label) => classNames[label] ?? ''),
    reason: change.reasons.join('; '),
  }));
}

interface Doubt {
  readonly given: number | null;
  readonly suggested: number | null;
  readonly selfConfidence: number;
  readonly probability: number;
}

/** Says why a label is doubted: `"dress" has a probability of 1.2 %, "skirt" of 93.0 %`. */
export function reasonOf(
  classNames: readonly string[],
  { given, suggested, selfConfidence, probability }: Doubt,
): string {
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const name = (label: number) => JSON.stringify(classNames[label] ?? '');
  if (given === null)
    return suggested === null ? '' : `${name(suggested)} is missing: its probability is ${percent(probability)}`;
  if (suggested === null) return `${name(given)} has a probability of ${percent(selfConfidence)}`;
  return `${name(given)} has a probability of ${percent(selfConfidence)}, ${name(suggested)} of ${percent(probability)}`;
}

function never(): never {
  throw new Error('unreachable: a group holds positions of images');
}
