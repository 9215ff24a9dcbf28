import { existsSync } from 'node:fs';
import path from 'node:path';

import { matchClasses } from '../../data/source/match-classes.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { withLabelsOf } from '../../data/source/with-labels-of.js';
import {
  evaluateMultiLabelSavedModel,
  evaluateSavedModel,
  type EvaluationOptions,
  type SavedModelEvaluation,
} from '../../evaluation/evaluate-saved-model.js';
import { predictedClasses } from '../../evaluation/agreement.js';
import { BestImages } from '../../evaluation/best-images.js';
import { embedAnswered } from '../../evaluation/embedding-map/embed-answered.js';
import type { AnsweredImage } from '../../evaluation/embedding-map/embedding-sample.js';
import { HardestMistakes } from '../../evaluation/hardest-mistakes.js';
import type { EvaluationResult } from '../../evaluation/metrics.js';
import { type ImageScan, labelsOf, multiHot } from '../../data/scan/image-scan.js';
import { MultiLabelMistakes } from '../../evaluation/multi-label/multi-label-mistakes.js';
import { confidenceOf, decodingOf, isMultiLabelModel } from '../../models/classifier/model-description.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { readThresholds } from '../../models/classifier/read-thresholds.js';
import { SignetError } from '../../errors.js';
import { completeOptions, type GivenOptionsOf } from '../shared/flag-table.js';
import { testSource } from '../shared/dataset-sources.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { tryToWrite } from '../../files/cannot-write.js';
import { progressBar } from '../../text/progress-bar.js';
import { tell } from '../../text/tell.js';
import { type EvaluatedModel, writeEvaluationReport } from './evaluation-report.js';
import { evalModelCommand } from './flags.js';
import { trainedImages } from './trained-images.js';

/** Options of `eval-model`; `flags.ts` says what each means. */
export interface EvalModelOptions extends GivenOptionsOf<typeof evalModelCommand.flags> {}

/** Result, which `eval-model --json` prints. */
export interface EvalModelResult extends SavedModelEvaluation<EvaluationResult> {
  readonly modelPath: string;
  /** The folder or the list. */
  readonly testDatasetPath: string;
  readonly classNames: readonly string[];
  /** How many of the images the model was trained on, compared by bytes; null if the training images are not available. */
  readonly trainedImages: number | null;
  /** Path of the report for a browser; null if none was requested. */
  readonly report: string | null;
}

/**
 * Evaluates both signatures of a SavedModel on disk over a test set, and writes a report if one is requested.
 *
 * @throws SignetError `INVALID_SAVED_MODEL`, `CLASSES_DIFFER`, `INVALID_DATASET`, `BAD_IMAGE`, `INVALID_ARGUMENT`,
 * `CANNOT_WRITE`.
 */
export async function evalModel(given: EvalModelOptions): Promise<EvalModelResult> {
  const options = completeOptions(evalModelCommand.flags, given);
  const { modelPath, batchSize, onBadImage, precision, report } = options;
  const source = testSource(options);
  const classNames = await readClassNames(modelPath);
  checkVariables(modelPath);
  // That the folder can be written is known now rather than after the evaluation.
  if (report !== undefined) await tryToWrite(report);
  const { exif } = await decodingOf(modelPath);
  const { scan: found, skippedList } = await scanDataset(source, onBadImage, { subsets: ['test'], exif });
  const isMultiLabel = await isMultiLabelModel(modelPath);
  const matched = matchClasses(found, classNames, {
    found: `the test set ${source.name}`,
    expected: `the model ${modelPath}`,
  });
  const scan = withLabelsOf(matched, isMultiLabel, `the model ${modelPath} gives each image one class`);
  const trained = await trainedImages(modelPath, scan);
  if (trained?.note) tell(`note: ${trained.note}`);
  const { answered, ...evaluated } = await evaluate(modelPath, scan, {
    batchSize,
    onBadImage,
    precision,
    onNote: tell,
  });
  const page = report === undefined ? null : await writeEvaluationReport(report, options, await withEmbeddings(modelPath, evaluated, answered), skippedList); // prettier-ignore
  const facts = { modelPath, testDatasetPath: source.name, classNames, trainedImages: trained?.count ?? null };
  return { ...facts, ...evaluated.evaluation, report: page };
}

/** Evaluates a model of the kind that the scan's labels have, and keeps the hardest mistakes of `serving_default`. */
async function evaluate(
  modelPath: string,
  { files, classNames, isMultiLabel }: ImageScan,
  options: EvaluationOptions,
): Promise<AnsweredModel> {
  const answered: AnsweredImage[] = [];
  if (!isMultiLabel) {
    const { temperature = 1 } = await confidenceOf(modelPath);
    const best = new BestImages<ImageFile>(classNames.length);
    const hardest = new HardestMistakes<ImageFile>(undefined, temperature, best);
    const onLogits = (image: ImageFile, logits: Float32Array) => {
      hardest.add(image, logits, image.label);
      answered.push({ image, labels: [image.label], predicted: predictedClasses(logits, null) });
    };
    const evaluation = await evaluateSavedModel(modelPath, files, { ...options, onLogits });
    const { serving_default: result } = evaluation.signatures;
    return { evaluation, reported: { result, mistakes: hardest.mistakes, best: best.images }, answered };
  }
  const classes = classNames.length;
  const best = new BestImages<ImageFile>(classes);
  const thresholds = await readThresholds(modelPath, classes);
  const hardest = new MultiLabelMistakes<ImageFile>(thresholds, undefined, best);
  const onLogits = (image: ImageFile, logits: Float32Array) => {
    hardest.add(image, logits, multiHot([image], classes));
    const labels = labelsOf(image).toSorted((a, b) => a - b);
    answered.push({ image, labels, predicted: predictedClasses(logits, thresholds) });
  };
  const evaluation = await evaluateMultiLabelSavedModel(modelPath, files, { ...options, onLogits });
  const { serving_default: result } = evaluation.signatures;
  return { evaluation, reported: { result, mistakes: hardest.mistakes, best: best.images }, answered };
}

/** An evaluated model, with what it said of each image. */
interface AnsweredModel extends EvaluatedModel {
  readonly answered: readonly AnsweredImage[];
}

/** Adds the embeddings that the report's map shows. */
async function withEmbeddings(
  modelPath: string,
  { evaluation, reported }: EvaluatedModel,
  answered: readonly AnsweredImage[],
): Promise<EvaluatedModel> {
  const bar = progressBar('embedding', 'images');
  const embeddings = await embedAnswered(modelPath, answered, { onProgress: bar.update }).finally(() => bar.stop());
  return { evaluation, reported: { ...reported, embeddings } };
}

/** TensorFlow takes a model without its variables for one that has none, and fails when it is called. */
function checkVariables(modelPath: string): void {
  if (existsSync(path.join(modelPath, 'variables', 'variables.index'))) return;
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${modelPath} is incomplete: it has no variables/variables.index. Copy or save the model again.`,
  );
}
