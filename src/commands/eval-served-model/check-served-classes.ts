import { matchClasses } from '../../data/source/match-classes.js';
import { withLabelsOf } from '../../data/source/with-labels-of.js';
import { type ImageScan, labelsOf } from '../../data/scan/image-scan.js';
import { quoted } from '../../text/printable.js';
import { SignetError } from '../../errors.js';
import { type CallableModel, findClassNames } from '../../client/classify-images.js';
import { loadImages } from '../../evaluation/load-images.js';

/** How many names of its classes a served model tells. */
export type ClassNamesTold = 'all' | 'some' | 'none';

/** A test set with the labels of a served model. */
export interface ServedClasses {
  readonly scan: ImageScan;
  readonly told: ClassNamesTold;
  /** Thresholds of a multi-label model, by class; null for a model that gives each image one class. */
  readonly thresholds: readonly number[] | null;
}

/**
 * Checks that the folders of a test set are the classes of a served model, as far as that tells them. A list, which may name some of the
 * classes, gets the labels of a model that tells all.
 *
 * @param testSet In words of the message.
 * @throws SignetError `CLASSES_DIFFER`; `SERVER_ERROR`.
 */
export async function checkServedClasses(
  model: CallableModel,
  scan: ImageScan,
  testSet: string,
): Promise<ServedClasses> {
  const found = await findClassNames(model, await samplesOf(scan));
  const { names, areAll } = found;
  const whose = `the served model ${quoted([model.name])}`;
  const labelled = withLabelsOf(scan, found.thresholds !== null, `${whose} gives each image one class`);
  if (names.size === 0) return { scan: labelled, told: 'none', thresholds: null };
  const { classNames } = scan;
  const sources = { found: testSet, expected: whose };
  if (areAll) {
    const inOrder = Array.from(names.keys(), (_, index) => names.get(index) ?? '');
    const thresholds = found.thresholds && inOrder.map((_, index) => found.thresholds?.get(index) ?? NaN);
    return { scan: matchClasses(labelled, inOrder, sources), told: 'all', thresholds };
  }
  for (const [index, name] of names) {
    if (classNames[index] === name) continue;
    const here = classNames[index] === undefined ? 'missing' : quoted([classNames[index]]);
    throw new SignetError(
      'CLASSES_DIFFER',
      `The classes of ${sources.found} are not those of ${sources.expected}: class ${index} is ${quoted([name])} there, ` +
        `${here} here. Give the test set of the model that is served.`,
    );
  }
  return { scan: labelled, told: names.size === classNames.length ? 'all' : 'some', thresholds: null };
}

/** The first image of each class, and the first of all, if they decode. */
async function samplesOf({ files, classNames }: ImageScan): Promise<Uint8Array[]> {
  const first = classNames.flatMap((_, label) => files.find((file) => labelsOf(file).includes(label)) ?? []);
  const { images } = await loadImages([...new Set([...first, ...files.slice(0, 1)])]);
  return images.map(({ file }) => file);
}
