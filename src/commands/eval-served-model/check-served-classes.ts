import { matchClasses } from '../../data/source/match-classes.js';
import type { ImageScan } from '../../data/scan/image-scan.js';
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
  const { names, areAll } = await findClassNames(model, await samplesOf(scan));
  if (names.size === 0) return { scan, told: 'none' };
  const { classNames } = scan;
  const sources = { found: testSet, expected: `the served model ${quoted([model.name])}` };
  if (areAll) {
    const inOrder = Array.from(names.keys(), (_, index) => names.get(index) ?? '');
    return { scan: matchClasses(scan, inOrder, sources), told: 'all' };
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
  return { scan, told: names.size === classNames.length ? 'all' : 'some' };
}

/** The first image of each class, if it decodes. */
async function samplesOf({ files, classNames }: ImageScan): Promise<Uint8Array[]> {
  const first = classNames.flatMap((_, label) => files.find((file) => file.label === label) ?? []);
  const { images } = await loadImages(first);
  return images.map(({ file }) => file);
}
