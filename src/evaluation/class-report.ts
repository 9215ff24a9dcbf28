import { printable } from '../text/printable.js';
import { type AverageMetrics, type ClassificationResult, confusedPairs } from './classification-metrics.js';
import type { EvaluationResult } from './metrics.js';
import { isMultiLabelResult, type MultiLabelResult } from './multi-label/multi-label-metrics.js';
import { cut, shortestName, table, tableWidth, widthOfFirst } from '../text/text-table.js';

/** How an evaluation is printed. */
export interface ClassReportOptions {
  /** Width of the terminal in characters; tables keep to it. Default: 100. */
  readonly columns?: number;
}

/** Classes in a matrix at most; of more, this many confusions are listed instead. */
const mostClasses = 20;

/**
 * Returns an evaluation for a person at a terminal: a table of the classes, and unless images may have several, which are confused
 * with which, and how far the confidence can be trusted.
 *
 * What cannot be computed, such as the precision of a class that nobody predicted, is printed as `–`.
 */
export function classReport(result: EvaluationResult, { columns = 100 }: ClassReportOptions = {}): string {
  const parts = isMultiLabelResult(result)
    ? [multiLabelTable(result, columns)]
    : [classTable(result, columns), confusions(result, columns), ...confidence(result, columns)];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function multiLabelTable(
  { perClass, macroAverage, microAverage, meanAveragePrecision, images }: MultiLabelResult,
  columns: number,
): string[] {
  const rows = perClass.map((metrics) => [
    printable(metrics.className),
    ratio(metrics.averagePrecision),
    ...ratios(metrics),
    ratio(metrics.threshold),
    String(metrics.support),
  ]);
  return table(
    [
      ['class', 'AP', 'precision', 'recall', 'f1', 'threshold', 'images'],
      ...rows,
      ['mean', ratio(meanAveragePrecision), ...ratios(macroAverage), '', String(images)],
      ['all answers', '', ...ratios(microAverage), '', String(images)],
    ],
    columns,
  );
}

function classTable(
  { perClass, macroAverage, weightedAverage, images }: ClassificationResult,
  columns: number,
): string[] {
  const rows = perClass.map((metrics) => [printable(metrics.className), ...ratios(metrics), String(metrics.support)]);
  return table(
    [
      ['class', 'precision', 'recall', 'f1', 'images'],
      ...rows,
      ['macro average', ...ratios(macroAverage), String(images)],
      ['weighted average', ...ratios(weightedAverage), String(images)],
    ],
    columns,
  );
}

function confusions(result: ClassificationResult, columns: number): string[] {
  const classes = result.perClass.length;
  if (classes > mostClasses) return frequentConfusions(result, columns, `${classes} classes are too many for a matrix`);
  return confusionMatrix(result, columns) ?? frequentConfusions(result, columns, 'the matrix is too wide to print');
}

/** @returns `undefined` where it is wider than the terminal even with numbers above the columns. */
function confusionMatrix(result: ClassificationResult, columns: number): string[] | undefined {
  const names = result.perClass.map(({ className }) => printable(className));
  const counts = result.confusionMatrix.map((row) => row.map((images) => (images === 0 ? '.' : String(images))));
  const named = [['', ...names], ...counts.map((row, label) => [names[label] ?? '', ...row])];
  const title = 'confusion matrix: rows are the true classes, columns the predicted ones';
  if (tableWidth(named) <= columns) return [title, ...table(named, columns)];
  const numbered = [
    ['', ...names.map((_, label) => String(label))],
    ...counts.map((row, label) => [`${label} ${names[label]}`, ...row]),
  ];
  const first = widthOfFirst(numbered);
  // The number of a class and a blank are never cut off.
  if (tableWidth(numbered) - first + Math.min(first, shortestName + 3) > columns) return undefined;
  return [`${title}, by number`, ...table(numbered, columns)];
}

function frequentConfusions(result: ClassificationResult, columns: number, reason: string): string[] {
  const names = result.perClass.map(({ className }) => printable(className));
  const pairs = confusedPairs(result);
  if (pairs.length === 0) return ['no class was taken for another'];
  const listed = pairs.slice(0, mostClasses);
  // Both names share what the numbers leave.
  const widest = Math.max(shortestName, Math.floor((columns - 'images'.length - 4) / 2));
  const rows = listed.map(({ truth, predicted, images }) => [
    cut(names[truth] ?? '', widest),
    cut(names[predicted] ?? '', widest),
    String(images),
  ]);
  const which = listed.length < pairs.length ? `the ${listed.length} most frequent of ${pairs.length}` : 'all';
  return [
    `confusions: ${reason}, so ${which} are listed`,
    ...table([['true', 'predicted', 'images'], ...rows], columns, [2]),
  ];
}

/** The calibration error, and what is answered above each threshold; nothing where the probabilities are not known. */
function confidence({ calibration, thresholds, images }: ClassificationResult, columns: number): string[][] {
  if (!calibration || images === 0) return [];
  const { temperature, expectedCalibrationError: error, errorByChance, errorByChanceLimit } = calibration;
  const rows = thresholds.map(({ threshold, answered, accuracy }) => [
    threshold.toFixed(2),
    ratio(answered),
    ratio(accuracy),
  ]);
  return [
    [
      `expected calibration error ${ratio(error)}`,
      `by chance alone ${ratio(errorByChance)}, up to ${ratio(errorByChanceLimit)} in 19 of 20 cases`,
      ...(temperature === 1 ? [] : [`with a temperature of ${temperature.toFixed(3)}`]),
      ...table([['confidence from', 'answered', 'accuracy'], ...rows], columns),
    ],
  ];
}

function ratios({ precision, recall, f1 }: AverageMetrics): string[] {
  return [precision, recall, f1].map(ratio);
}

/** A ratio with four decimals; `–` where there is nothing that it could be of. */
export function ratio(value: number | null): string {
  return value === null || Number.isNaN(value) ? '–' : value.toFixed(4);
}
