import { existsSync } from 'node:fs';
import path from 'node:path';

import { checkSameClasses } from '../../data/scan/check-same-classes.js';
import type { OnBadImage } from '../../data/scan/scan-report.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { evaluateSavedModel, type SavedModelEvaluation } from '../../evaluation/evaluate-saved-model.js';
import { HardestMistakes } from '../../evaluation/hardest-mistakes.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { SignetError } from '../../errors.js';
import { writeEvaluationReport } from '../shared/evaluation-report.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { tryToWrite } from '../../files/cannot-write.js';

/** What `eval-model` takes; the flags of the same names. */
export interface EvalModelOptions {
  readonly testDatasetPath: string;
  /** A version's directory, such as `models/LenetModel/1`. */
  readonly modelPath: string;
  readonly batchSize: number;
  readonly onBadImage: OnBadImage;
  /** The folder for a report. Default: none is written. */
  readonly report?: string | undefined;
}

/** What `eval-model --json` prints. */
export interface EvalModelResult extends SavedModelEvaluation {
  readonly modelPath: string;
  readonly testDatasetPath: string;
  readonly classNames: readonly string[];
  /** A page for a browser; null where none was asked for. */
  readonly report: string | null;
}

/**
 * Evaluates both signatures of a SavedModel on disk over a test set, and writes a report where one is asked for.
 *
 * @throws SignetError `INVALID_SAVED_MODEL`, `CLASSES_DIFFER`, `INVALID_DATASET`, `BAD_IMAGE`, `INVALID_ARGUMENT`,
 * `CANNOT_WRITE`.
 */
export async function evalModel(options: EvalModelOptions): Promise<EvalModelResult> {
  const { testDatasetPath, modelPath, batchSize, onBadImage, report } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new SignetError('INVALID_ARGUMENT', `--batch-size is a whole number from 1. Received: ${batchSize}.`);
  }
  const classNames = await readClassNames(modelPath);
  checkVariables(modelPath);
  // That the folder can be written is known now rather than after the evaluation.
  if (report !== undefined) await tryToWrite(report);
  const { scan, skippedList } = await scanDataset(testDatasetPath, onBadImage);
  checkSameClasses(scan.classNames, classNames, {
    found: `the test set ${testDatasetPath}`,
    expected: `the model ${modelPath}`,
  });
  const hardest = new HardestMistakes<ImageFile>();
  const evaluation = await evaluateSavedModel(modelPath, scan.files, {
    batchSize,
    onBadImage,
    onLogits: (image, logits) => hardest.add(image, logits, image.label),
  });
  const { mistakes } = hardest;
  const page =
    report === undefined ? null : await writeEvaluationReport(report, options, { evaluation, mistakes, skippedList });
  return { modelPath, testDatasetPath, classNames, ...evaluation, report: page };
}

/** TensorFlow takes a model without its variables for one that has none, and fails when it is called. */
function checkVariables(modelPath: string): void {
  if (existsSync(path.join(modelPath, 'variables', 'variables.index'))) return;
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${modelPath} is not whole: it has no variables/variables.index. Copy or save the model again.`,
  );
}
