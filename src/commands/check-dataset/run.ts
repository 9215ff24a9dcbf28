import path from 'node:path';

import { badImages } from '../../data/scan/describe-problems.js';
import type { ImageProblem } from '../../data/image-file/image-problem.js';
import { classNamesOf, type ImageScan, pathWithin } from '../../data/scan/image-scan.js';
import { datasetEditsText, type DatasetEdit } from '../../data/source/dataset-edits.js';
import { matchClasses } from '../../data/source/match-classes.js';
import { withLabelsOf } from '../../data/source/with-labels-of.js';
import { checkData, type DataCheck } from '../../evaluation/data-check/check-data.js';
import type { DataSet } from '../../evaluation/data-check/checked-images.js';
import { dataCheckPage } from '../../evaluation/data-check/data-check-page.js';
import { describeCheck, isLeak, isOfTwoClasses } from '../../evaluation/data-check/describe-check.js';
import { reasonOf, suggestEdits } from '../../evaluation/data-check/suggested-edits.js';
import { cannotWrite, tryToWrite } from '../../files/cannot-write.js';
import { replaceFile } from '../../files/replace.js';
import { count } from '../../text/amounts.js';
import { printable } from '../../text/printable.js';
import { type ProgressBar, progressBar } from '../../text/progress-bar.js';
import { tell } from '../../text/tell.js';
import { separateTestSource, trainingSource } from '../shared/dataset-sources.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { checkDatasetCommand } from './flags.js';
import { openEmbedder } from './open-embedder.js';

/** Options of `check-dataset`; `flags.ts` says what each means. */
export interface CheckDatasetOptions extends GivenOptionsOf<typeof checkDatasetCommand.flags> {}

type Options = OptionsOf<typeof checkDatasetCommand.flags>;

/** An image in a result. */
export interface FoundImage {
  readonly set: DataSet;
  readonly path: string;
  /** Names of its classes. */
  readonly labels: readonly string[];
}

/** Result, which `check-dataset --json` prints. */
export interface CheckDatasetResult {
  readonly trainingSet: string;
  /** Null where none was given. */
  readonly testSet: string | null;
  readonly images: number;
  /** Network whose features were compared; null if there was none. */
  readonly features: string | null;
  /** A sentence for each kind of finding. */
  readonly summary: readonly string[];
  readonly duplicates: readonly {
    readonly images: readonly FoundImage[];
    readonly kind: string;
    readonly similarity: number;
    readonly isInBothSets: boolean;
    readonly isInTwoClasses: boolean;
  }[];
  /** Null without features. */
  readonly labels:
    | readonly {
        readonly image: FoundImage;
        /** The class that is doubted, and the one that is suggested in its place; null where one is only missing, or only too many. */
        readonly given: string | null;
        readonly suggested: string | null;
        readonly selfConfidence: number;
        readonly probability: number;
        readonly isConfident: boolean;
        readonly reason: string;
      }[]
    | null;
  /** Null without features. */
  readonly alike: readonly { readonly classes: readonly string[]; readonly confused: number }[] | null;
  readonly odd: readonly { readonly image: FoundImage; readonly kind: string; readonly words: string }[];
  readonly few: readonly { readonly className: string; readonly set: DataSet; readonly images: number }[];
  /** Images that do not decode. */
  readonly bad: readonly ImageProblem[];
  readonly edits: readonly DatasetEdit[];
  /** The file of `--write`, and the page of `--report`; null for none. */
  readonly written: string | null;
  readonly report: string | null;
}

/**
 * Checks a training set, and a test set along with it, and writes suggested changes and a page if these are requested.
 *
 * @throws SignetError `INVALID_DATASET`, `BAD_IMAGE`, `CLASSES_DIFFER`, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`, `CANNOT_WRITE`.
 */
export async function checkDataset(given: CheckDatasetOptions): Promise<CheckDatasetResult> {
  const options = completeOptions(checkDatasetCommand.flags, given);
  const { write, report, exif } = options;
  for (const file of [write, report]) if (file !== undefined) await tryToWrite(path.dirname(file));
  const { training, test } = await scanSets(options);
  const opened = await openEmbedder(options, training.files);
  const progress = new Progress();
  let check: DataCheck;
  try {
    check = await checkData({ training, test, embedder: opened?.embedder, exif, onProgress: progress.show });
  } finally {
    progress.stop();
    opened?.embedder.dispose();
  }
  if (check.bad.length > 0 && options.onBadImage === 'fail') throw badImages(check.bad);
  const edits = editsOf(check, { training, test });
  const summary = describeCheck(check);
  if (write !== undefined) await writeFile(write, datasetEditsText(edits));
  const names = { trainingSet: trainingSource(options).name, testSet: test && (separateTestSource(options)?.name ?? trainingSource(options).name) }; // prettier-ignore
  const features = opened?.name ?? null;
  if (report !== undefined) {
    const title = `Data check: ${path.basename(path.resolve(names.trainingSet))}`;
    const { pathOf } = placesOf(check, { training, test });
    const checked = checkedSentence(check, names, features);
    await writeFile(report, await dataCheckPage(check, { title, summary, checked, exif, pathOf, date: new Date() }));
  }
  return { ...names, features, summary, ...resultOf(check), edits, written: write ?? null, report: report ?? null };
}

interface Sets {
  readonly training: ImageScan;
  readonly test: ImageScan | null;
}

async function scanSets(options: Options): Promise<Sets> {
  const { onBadImage, exif } = options;
  const separate = separateTestSource(options);
  const subsets = separate ? (['training', 'validation'] as const) : undefined;
  const { scan } = await scanDataset(trainingSource(options), onBadImage, { subsets, exif });
  const own = scan.files.filter(({ subset }) => subset === 'test');
  const training = own.length > 0 ? { ...scan, files: scan.files.filter(({ subset }) => subset !== 'test') } : scan;
  if (!separate) return { training, test: own.length > 0 ? { ...scan, files: own } : null };
  const { scan: found } = await scanDataset(separate, onBadImage, { subsets: ['test'], exif });
  const trained = trainingSource(options).name;
  const matched = matchClasses(found, training.classNames, { found: `the test set ${separate.name}`, expected: `the training set ${trained}` }); // prettier-ignore
  const isMultiLabel = training.isMultiLabel ?? false;
  return {
    training,
    test: withLabelsOf(matched, isMultiLabel, `the training set ${trained} gives each image one class`),
  };
}

/** Shows how far each part of the check is. */
class Progress {
  #doing = '';
  #bar: ProgressBar | null = null;

  readonly show = (doing: string, done: number, total: number) => {
    if (doing !== this.#doing) {
      this.stop();
      this.#doing = doing;
      this.#bar = progressBar(doing, doing === 'checking labels' ? 'parts' : doing === 'comparing pictures' ? 'pairs' : 'images'); // prettier-ignore
    }
    this.#bar?.update(done, total);
  };

  stop(): void {
    this.#bar?.stop();
  }
}

/** Says what was checked: `603 training images of photos in 10 classes; the features of EfficientNet-Lite0.` */
function checkedSentence(
  { images, classNames }: DataCheck,
  { trainingSet, testSet }: Pick<CheckDatasetResult, 'trainingSet' | 'testSet'>,
  features: string | null,
): string {
  const number = (wanted: DataSet) => images.filter(({ set }) => set === wanted).length;
  const training = `${count(number('training'), 'training image')} from ${trainingSet} in ${count(classNames.length, 'class', 'classes')}`;
  const test = testSet === null ? '' : `, ${count(number('test'), 'test image')} from ${testSet}`;
  return `Checked: ${printable(training + test)}, ${features === null ? 'by pixels alone' : `with the features of ${printable(features)}`}.`;
}

/** Where images are within their data sets. */
function placesOf(check: DataCheck, sets: Sets) {
  const placeOf = (image: number) => {
    const { file, set } = check.images[image] ?? { file: { path: '' }, set: 'training' as const };
    return { set, path: pathWithin((set === 'test' ? sets.test : null) ?? sets.training, file.path) };
  };
  return { placeOf, pathOf: (image: number) => placeOf(image).path };
}

/** The suggested edits by the images' ways within their data sets. An image of a list may lie outside its folder; then no edit can name it. */
function editsOf(check: DataCheck, sets: Sets): DatasetEdit[] {
  const { placeOf } = placesOf(check, sets);
  const edits = suggestEdits(check).map(({ image, other, action, labels, reason }): DatasetEdit => {
    const otherPlace = other === undefined ? undefined : placeOf(other);
    const otherPath = otherPlace && (otherPlace.set === placeOf(image).set ? otherPlace.path : `${otherPlace.set}: ${otherPlace.path}`); // prettier-ignore
    return { action, ...placeOf(image), ...(labels && { labels }), reason, ...(otherPath !== undefined && { other: otherPath }) }; // prettier-ignore
  });
  const inside = edits.filter(({ path: image }) => !image.startsWith('../') && !path.isAbsolute(image));
  if (inside.length < edits.length) {
    tell(
      `note: ${edits.length - inside.length} suggestions are left out of --write: their images lie outside the folder of the list`,
    );
  }
  return inside;
}

function resultOf(check: DataCheck) {
  const { images, classNames, duplicates, labels, alike, odd, few, bad } = check;
  const found = (image: number): FoundImage => {
    const one = images[image];
    if (!one) throw new Error('unreachable: findings name images');
    return { set: one.set, path: one.file.path, labels: classNamesOf(one.file, classNames) };
  };
  const name = (label: number | null) => (label === null ? null : (classNames[label] ?? ''));
  return {
    images: images.length,
    duplicates: duplicates.map((pair) => ({
      images: pair.images.map(found),
      kind: pair.kind,
      similarity: pair.similarity,
      isInBothSets: isLeak(check, pair),
      isInTwoClasses: isOfTwoClasses(check, pair),
    })),
    labels:
      labels?.map((suspect) => ({
        image: found(suspect.image),
        given: name(suspect.given),
        suggested: name(suspect.suggested),
        selfConfidence: suspect.selfConfidence,
        probability: suspect.probability,
        isConfident: suspect.isConfident,
        reason: reasonOf(classNames, suspect),
      })) ?? null,
    alike: alike?.map(({ classes, confused }) => ({ classes: classes.map((label) => classNames[label] ?? ''), confused })) ?? null, // prettier-ignore
    odd: odd.map(({ image, kind, words }) => ({ image: found(image), kind, words })),
    few: few.map(({ label, set, images: number }) => ({ className: classNames[label] ?? '', set, images: number })),
    bad,
  };
}

async function writeFile(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}
