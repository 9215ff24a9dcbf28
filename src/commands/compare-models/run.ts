import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { ImageProblem } from '../../data/image-file/image-problem.js';
import type { DatasetSource } from '../../data/source/dataset-source.js';
import { classNamesOf } from '../../data/scan/image-scan.js';
import { withLabelsOf } from '../../data/source/with-labels-of.js';
import { SignetError } from '../../errors.js';
import { comparableImages, type Pair } from '../../evaluation/comparison/comparable-images.js';
import type { DescribedModel } from '../../evaluation/comparison/compared-model.js';
import {
  type ComparedEvaluation,
  type ComparedImage,
  compareSavedModels,
  type ModelComparison,
} from '../../evaluation/comparison/compare-saved-models.js';
import {
  changedImages,
  classChanges,
  type ClassChange,
  comparisonFigures,
  type ComparisonFigures,
} from '../../evaluation/comparison/comparison-figures.js';
import {
  comparisonRows,
  type ComparisonRow,
  describeComparison,
} from '../../evaluation/comparison/describe-comparison.js';
import { tryToWrite } from '../../files/cannot-write.js';
import { decodingBy, findModelDescription } from '../../models/classifier/model-description.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { progressBar } from '../../text/progress-bar.js';
import { tell } from '../../text/tell.js';
import { separateTestSource } from '../shared/dataset-sources.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { rememberedTestSet } from '../shared/remembered-test-set.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { testListFile } from '../train-model/model-assets.js';
import { type DifferingFlag, differingFlags } from './differing-flags.js';
import { compareModelsCommand } from './flags.js';
import { type ComparedModelFacts, comparedModelFacts } from './model-facts.js';
import { writeComparison } from './write-comparison.js';

/** Options of `compare-models`; `flags.ts` says what each means. */
export interface CompareModelsOptions extends GivenOptionsOf<typeof compareModelsCommand.flags> {
  /** Directories of two versions, the one to compare with first. */
  readonly modelPaths: readonly string[];
}

type Options = OptionsOf<typeof compareModelsCommand.flags>;

/** An image that one of the models gets right, or nearer to it than the other. */
export interface ChangedImage {
  readonly path: string;
  /** Names of its classes. */
  readonly labels: readonly string[];
  readonly answers: Pair<{
    /** Names of the classes that a model takes it for. */
    readonly labels: readonly string[];
    /** Probability of the one class; null for multi-label models. */
    readonly probability: number | null;
  }>;
}

/** Result, which `compare-models --json` prints. */
export interface CompareModelsResult extends ComparisonFigures {
  /** The folder or the list. */
  readonly testDatasetPath: string;
  readonly images: number;
  readonly isMultiLabel: boolean;
  readonly models: Pair<ComparedModelFacts & ComparedEvaluation>;
  /** Which model is better and how surely, in sentences. */
  readonly summary: readonly string[];
  /** The figures of both models as a table. */
  readonly rows: readonly ComparisonRow[];
  /** Classes that both models have, the ones that changed most first. */
  readonly classes: readonly ClassChange[];
  /** Classes that one of the models has alone. */
  readonly only: Pair<readonly string[]>;
  /** Images, or labels of multi-label models, of such classes. */
  readonly leftAside: ModelComparison['leftAside'];
  /** Images on which the second model is better than the first, and those on which it is worse. */
  readonly changed: { readonly better: readonly ChangedImage[]; readonly worse: readonly ChangedImage[] };
  /** Flags of the trainings that differ; null where a model does not say how it was trained. */
  readonly flags: readonly DifferingFlag[] | null;
  /** Images that passed the scan, do not decode and were left out. */
  readonly skipped: readonly ImageProblem[];
  /** Path of the page for a browser; null if none was requested. */
  readonly report: string | null;
}

/**
 * Compares two SavedModels on disk over the same images, and writes a page if one is requested.
 *
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_SAVED_MODEL`, `CLASSES_DIFFER`, `INVALID_DATASET`, `BAD_IMAGE`, `CANNOT_WRITE`.
 */
export async function compareModels({ modelPaths, ...given }: CompareModelsOptions): Promise<CompareModelsResult> {
  const options = completeOptions(compareModelsCommand.flags, given);
  const { report, batchSize, onBadImage } = options;
  const directories = twoOf(modelPaths);
  if (report !== undefined) await tryToWrite(path.dirname(report));
  const models = [await describedModel(directories[0]), await describedModel(directories[1])] as const;
  const facts = await comparedModelFacts(models);
  const names = [facts[0].name, facts[1].name] as const;
  const isMultiLabel = sameKind(models);
  const source = await testSetOf(options, directories);
  const { exif } = decodingBy(models[0].description);
  const { scan } = await scanDataset(source, onBadImage, { subsets: ['test'], exif });
  const labelled = withLabelsOf(scan, isMultiLabel, 'these models give each image one class');
  const classes = [await readClassNames(directories[0]), await readClassNames(directories[1])] as const;
  const comparable = comparableImages(labelled, classes, names);
  const bar = progressBar('comparing', 'images');
  const onProgress = (done: number) => bar.update(done, comparable.files.length);
  const compare = compareSavedModels(models, comparable, { isMultiLabel, batchSize, onBadImage, onProgress });
  const comparison = await compare.finally(() => bar.stop());
  const figures = comparisonFigures(comparison);
  const described = {
    summary: describeComparison(comparison, figures, names),
    rows: comparisonRows(comparison, figures),
    flags: await differingFlags(directories),
  };
  if (report !== undefined) {
    await writeComparison(report, comparison, { ...described, facts, exif, testSet: source.name });
  }
  const result = resultOf(comparison, facts);
  return { testDatasetPath: source.name, ...result, ...figures, ...described, report: report ?? null };
}

function twoOf(modelPaths: readonly string[]): Pair<string> {
  const [first, second, ...others] = modelPaths;
  if (first !== undefined && second !== undefined && others.length === 0) return [first, second];
  throw new SignetError(
    'INVALID_ARGUMENT',
    `compare-models takes the directories of two versions, such as models/LenetModel/1 models/LenetModel/2. Received: ${modelPaths.length}.`,
  );
}

async function describedModel(directory: string): Promise<DescribedModel> {
  return { directory, description: await findModelDescription(directory) };
}

/** @returns Whether both are multi-label. */
function sameKind([first, second]: Pair<DescribedModel>): boolean {
  const isMultiLabel = ({ description }: DescribedModel) => description?.multiLabel ?? false;
  if (isMultiLabel(first) === isMultiLabel(second)) return isMultiLabel(first);
  const [one, several] = (isMultiLabel(first) ? [second, first] : [first, second]).map(({ directory }) => directory);
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${one} gives each image one class, and ${several} any number of classes: no figure is about both. Compare models of one kind.`,
  );
}

/** The test set that the flags name, or else the one of the first model's training. */
async function testSetOf(options: Options, directories: Pair<string>): Promise<DatasetSource> {
  const [one, other] = await Promise.all(directories.map(splitOffTestList));
  if (one !== other) {
    tell('note: in their trainings, these models were tested on different split-off images: one may have learned test images of the other, which makes it look better'); // prettier-ignore
  }
  const given = separateTestSource(options);
  if (given) return given;
  const known = await rememberedTestSet(directories[0]);
  if (known) {
    tell(`comparing on ${known.name}, which ${directories[0]} was tested on`);
    return known;
  }
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--test-dataset-path or --test-list is required: the images that ${directories[0]} was tested on in its training are not known, or not there any more.`,
  );
}

/** The list of the images that were split off for the test; null for a training with its own test set. */
function splitOffTestList(directory: string): Promise<string | null> {
  return readFile(path.join(directory, 'assets.extra', testListFile), 'utf8').catch(() => null);
}

function resultOf(comparison: ModelComparison, facts: Pair<ComparedModelFacts>) {
  const { images, isMultiLabel, models, only, leftAside, skipped } = comparison;
  const found = (direction: 'better' | 'worse') =>
    changedImages(comparison, direction).map((image) => namedImage(image, comparison));
  return {
    images: images.length,
    isMultiLabel,
    models: [
      { ...facts[0], ...models[0] },
      { ...facts[1], ...models[1] },
    ] as const,
    classes: classChanges(comparison),
    only,
    leftAside,
    changed: { better: found('better'), worse: found('worse') },
    skipped,
  };
}

function namedImage({ image, answers }: ComparedImage, { classNames, models }: ModelComparison): ChangedImage {
  const named = ({ labels, probability }: ComparedImage['answers'][0], model: ComparedEvaluation) => ({
    labels: labels.map((label) => model.classNames[label] ?? ''),
    probability,
  });
  return {
    path: image.path,
    labels: classNamesOf(image, classNames),
    answers: [named(answers[0], models[0]), named(answers[1], models[1])],
  };
}
