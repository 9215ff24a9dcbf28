import { listProblems } from '../../data/scan/describe-problems.js';
import type { SavedModelEvaluation } from '../../evaluation/evaluate-saved-model.js';
import type { EvaluationResult } from '../../evaluation/metrics.js';
import { withSavedExplainer } from '../../evaluation/pictures/explain-files.js';
import type { ReportContent, ReportedEvaluation } from '../../evaluation/report/report-content.js';
import { writeReport } from '../../evaluation/report/write-report.js';
import { modelFacts, softwareFacts } from '../shared/report-facts.js';
import type { OptionsOf } from '../shared/flag-table.js';
import { shellCommand } from '../shared/shell-command.js';
import type { evalModelCommand } from './flags.js';
import { tell } from '../../text/tell.js';

/** Evaluation of a SavedModel, and what a report shows of it: result and mistakes of `serving_default`. */
export interface EvaluatedModel {
  readonly evaluation: SavedModelEvaluation<EvaluationResult>;
  readonly reported: ReportedEvaluation;
}

/**
 * Writes the report of an evaluation into a folder.
 *
 * @param skippedList Files that the scan left out, one line per file.
 * @returns The page's path.
 * @throws SignetError `CANNOT_WRITE`.
 */
export async function writeEvaluationReport(
  folder: string,
  { testDatasetPath, testList, modelPath, batchSize, precision, onBadImage }: OptionsOf<typeof evalModelCommand.flags>,
  { evaluation, reported }: EvaluatedModel,
  skippedList: string,
): Promise<string> {
  const { serving_default: result } = evaluation.signatures;
  const { title, facts, exif } = await modelFacts(modelPath);
  const rows = [
    ['test set', `${testList ?? testDatasetPath}: ${result.images.toLocaleString('en')} images`],
    ['signature', 'serving_default'],
    ["the signatures' logits", `differ by ${evaluation.maxLogitDifference.toPrecision(3)} at most`],
    ['computed in', evaluation.precision],
    ['speed', `${result.imagesPerSecond.toFixed(0)} images a second`],
  ] as const;
  const content: ReportContent = {
    title,
    date: new Date(),
    training: null,
    ...reported,
    loss: result.loss,
    exif,
    facts: [{ title: 'Evaluation', rows }, facts, softwareFacts()],
    command: shellCommand('eval-model', {
      testDatasetPath,
      testList,
      modelPath,
      batchSize,
      precision,
      onBadImage,
      report: folder,
    }),
    skippedList: skippedList + listProblems(evaluation.skipped),
  };
  const { page, notes } = await withSavedExplainer(modelPath, (explain) =>
    writeReport(folder, { ...content, explain }),
  );
  for (const note of notes) tell(`note: ${note}`);
  return page;
}
