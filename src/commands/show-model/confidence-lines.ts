import { ratio } from '../../evaluation/class-report.js';
import { printable } from '../../text/printable.js';
import { cut, table } from '../../text/text-table.js';
import type { ModelConfidence } from './model-confidence.js';

/** Maximum number of classes whose thresholds are listed; `--json` has all. */
const mostClasses = 20;

/** Says how far the answers of a classifier can be trusted; nothing where nothing is known. */
export function confidenceLines({ temperature, sure, known, classThresholds, evaluation }: ModelConfidence): string[] {
  const chosen = [
    ...(temperature === undefined || temperature === 1
      ? []
      : [`probabilities are of the logits divided by ${temperature.toFixed(3)}`]),
    ...(sure ? [`answers are sure from a confidence of ${ratio(sure.threshold)}, for an accuracy of ${sure.targetAccuracy}`] : []), // prettier-ignore
    ...(known ? [`images are known from a score of ${ratio(known.threshold)}, by ${knownBy(known.centroids)}`] : []),
  ];
  const parts = [chosen, classLines(classThresholds ?? []), evaluationLines(evaluation)];
  return parts.filter((lines) => lines.length > 0).flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function knownBy(centroids: number): string {
  return centroids === 0 ? 'the confidence alone' : `the confidence and the distance to ${centroids} centroids`;
}

function classLines(classes: NonNullable<ModelConfidence['classThresholds']>): string[] {
  if (classes.length === 0) return [];
  const rows = classes.slice(0, mostClasses).map(({ className, threshold }) => [cut(printable(className), 40), ratio(threshold)]); // prettier-ignore
  const more = classes.length - rows.length;
  return [...table([['class', 'from a probability of'], ...rows], Infinity), ...(more > 0 ? [`and ${more} more; --json lists them`] : [])]; // prettier-ignore
}

function evaluationLines(evaluation: ModelConfidence['evaluation']): string[] {
  if (!evaluation) return [];
  const { accuracy, meanAveragePrecision, thresholds, date } = evaluation;
  const score = typeof meanAveragePrecision === 'number' ? `mAP ${ratio(meanAveragePrecision)}` : `accuracy ${ratio(accuracy)}`; // prettier-ignore
  const rows = (thresholds ?? []).map((row) => [row.threshold.toFixed(2), ratio(row.answered), ratio(row.accuracy)]);
  return [
    `on the test set of its training, ${date.slice(0, 10)}: ${score}`,
    ...(rows.length === 0 ? [] : table([['confidence from', 'answered', 'accuracy'], ...rows], Infinity)),
  ];
}
