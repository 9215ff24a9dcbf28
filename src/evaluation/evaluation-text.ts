import { printable } from '../data/printable.js';
import type { AverageMetrics, ClassificationResult } from './classification-metrics.js';

/** How an evaluation is printed. */
export interface EvaluationTextOptions {
  /** Width of the terminal in characters; tables keep to it. Default: 100. */
  readonly columns?: number;
}

/** Of more classes than this the confusions are listed in place of the matrix: this many. */
const mostClasses = 20;

/** Names are cut to no less than this, where the terminal is too narrow for it. */
const shortestName = 4;

/**
 * An evaluation for a person at a terminal: totals, a table of the classes, and which are confused with which.
 *
 * What cannot be computed, such as the precision of a class that nobody predicted, is printed as `–`.
 */
export function evaluationText(result: ClassificationResult, options: EvaluationTextOptions = {}): string {
  return `${totals(result).join('\n')}\n\n${classReport(result, options)}`;
}

/** The same without the totals: the classes, and which are confused with which. */
export function classReport(result: ClassificationResult, { columns = 100 }: EvaluationTextOptions = {}): string {
  const parts = [classTable(result, columns), confusions(result, columns)];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function totals({ images, accuracy, loss, topK, nonFinite }: ClassificationResult): string[] {
  const rows = [
    ['images', String(images)],
    ['accuracy', ratio(accuracy)],
    // The best of one is the accuracy again.
    ...(topK.k === 1 ? [] : [[`top-${topK.k} accuracy`, ratio(topK.accuracy)]]),
    ['loss', images === 0 ? '–' : loss.toFixed(4)],
    ...(nonFinite === 0 ? [] : [['not finite', `${nonFinite} of ${images} images have NaN or infinite logits`]]),
  ];
  return rows.map(([name = '', value = '']) => `${name.padEnd(14)} ${value}`);
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
  const pairs = result.confusionMatrix
    .flatMap((row, truth) => row.map((images, predicted) => ({ truth, predicted, images })))
    .filter(({ truth, predicted, images }) => truth !== predicted && images > 0)
    .sort((a, b) => b.images - a.images);
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
    ...table([['true', 'predicted', 'images'], ...rows], columns, 2),
  ];
}

function ratios({ precision, recall, f1 }: AverageMetrics): string[] {
  return [precision, recall, f1].map(ratio);
}

function ratio(value: number | null): string {
  return value === null || Number.isNaN(value) ? '–' : value.toFixed(4);
}

/** Columns two spaces apart: the first `texts` of them to the left, numbers to the right. Cuts the first to fit. */
function table(rows: readonly (readonly string[])[], columns: number, texts = 1): string[] {
  const surplus = Math.max(0, tableWidth(rows) - columns);
  const widest = Math.max(shortestName, widthOfFirst(rows) - surplus);
  const fitting = rows.map(([first = '', ...others]) => [cut(first, widest), ...others]);
  const widths = columnWidths(fitting);
  return fitting.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
        return column < texts ? cell + padding : padding + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}

function tableWidth(rows: readonly (readonly string[])[]): number {
  return columnWidths(rows).reduce((total, width) => total + 2 + width, -2);
}

function widthOfFirst(rows: readonly (readonly string[])[]): number {
  return columnWidths(rows)[0] ?? 0;
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[column] ?? '')), 0),
  );
}

/** `text`, shortened with an ellipsis when it is wider than `columns`. */
function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const character of charactersOf(text)) {
    width += displayWidth(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What a reader sees as one character: a letter with its accents, an emoji with its joiners. */
function charactersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Characters that terminals show two columns wide: East Asian scripts, full-width forms, emoji. */
const doubleWidth =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\ufe0f\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/** Columns of a terminal that `text` takes. */
function displayWidth(text: string): number {
  // Nearly all cells; segmenting them would take most of the time.
  if (/^[ -~]*$/.test(text)) return text.length;
  return charactersOf(text).reduce((total, character) => total + (doubleWidth.test(character) ? 2 : 1), 0);
}
