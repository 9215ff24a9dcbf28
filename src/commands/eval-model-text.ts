import type { ClassificationResult } from '../evaluation/classification-metrics.js';
import { evaluatedSignatures } from '../evaluation/evaluate-saved-model.js';
import type { EvalModelResult } from './eval-model.js';

/** A confusion matrix of more classes than this does not fit a terminal: its largest confusions are listed instead. */
const widestMatrix = 20;

/** What `eval-model` prints. The classes are told once: by `serving_default`, to which `serving_bytes` is compared. */
export function evalModelText(result: EvalModelResult): string {
  const { serving_default: reference } = result.signatures;
  const rows = evaluatedSignatures.map((key) => {
    const { accuracy, loss, topK, imagesPerSecond, images, nonFinite } = result.signatures[key];
    const cells = [
      key,
      String(images),
      ratio(accuracy),
      ratio(topK.accuracy),
      loss.toFixed(4),
      imagesPerSecond.toFixed(0),
    ];
    return [...cells, nonFinite === 0 ? '' : `${nonFinite} images have logits that are not finite`];
  });
  const header = ['signature', 'images', 'accuracy', `top-${reference.topK.k}`, 'loss', 'images/s', ''];
  return [
    '',
    ...table([header, ...rows]),
    '',
    `largest difference between the signatures' logits: ${result.maxLogitDifference.toPrecision(3)}`,
    '',
    ...table([['class', 'precision', 'recall', 'f1', 'images'], ...classRows(reference)]),
    '',
    ...confusion(reference, result.classNames),
    '',
  ].join('\n');
}

function classRows({ perClass }: ClassificationResult): string[][] {
  return perClass.map(({ className, precision, recall, f1, support }) => [
    className,
    ratio(precision),
    ratio(recall),
    ratio(f1),
    String(support),
  ]);
}

function confusion({ confusionMatrix }: ClassificationResult, classNames: readonly string[]): string[] {
  if (classNames.length <= widestMatrix) {
    const rows = confusionMatrix.map((row, label) => [
      classNames[label] ?? '',
      ...row.map((n) => (n === 0 ? '.' : String(n))),
    ]);
    return [
      'confusion matrix: rows are the true classes, columns the predicted ones',
      ...table([['', ...classNames], ...rows]),
    ];
  }
  const pairs = confusionMatrix.flatMap((row, truth) => row.map((images, predicted) => ({ truth, predicted, images })));
  const worst = pairs
    .filter(({ truth, predicted, images }) => truth !== predicted && images > 0)
    .sort((a, b) => b.images - a.images)
    .slice(0, widestMatrix);
  const rows = worst.map(({ truth, predicted, images }) => [
    classNames[truth] ?? '',
    classNames[predicted] ?? '',
    String(images),
  ]);
  return [
    'the most frequent confusions (--json has the whole matrix)',
    ...table([['true', 'predicted', 'images'], ...rows]),
  ];
}

function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(4);
}

/** Columns two spaces apart, the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
