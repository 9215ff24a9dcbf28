import { sizeText } from '../../text/amounts.js';
import { printable } from '../../text/printable.js';
import { table } from '../../text/text-table.js';
import type { ExportedFormat, ExportModelResult } from './run.js';

/** Returns what `export-model` prints: each format next to the SavedModel. */
export function exportModelText(result: ExportModelResult, columns = 100): string {
  const { savedModel, images, isTestSet, formats, page } = result;
  const rows = [
    ['', 'accuracy', 'same class', 'largest difference', 'size', 'ms/image'],
    [
      'SavedModel',
      ratio(savedModel.accuracy),
      '',
      '',
      sizeText(result.bytes),
      savedModel.millisecondsPerImage.toFixed(1),
    ],
    ...formats.map((format) => row(format, images)),
  ];
  const what = isTestSet
    ? `${images} test images`
    : `${images} pictures of noise (give --test-dataset-path for real ones)`;
  return [
    '',
    ...table(rows, columns),
    '',
    `compared on ${what}, one at a time; differences are of probabilities`,
    ...formats.map(checked),
    ...formats.map(({ folder }) => `wrote ${printable(folder)}`),
    ...(page === null ? [] : [`wrote ${printable(page)}: open its index.html, or put the folder on any web server`]),
    '',
  ].join('\n');
}

function row({ format, bytes, agreement }: ExportedFormat, images: number): string[] {
  if (!agreement) return [format, '-', 'not checked', '-', sizeText(bytes), '-'];
  const { accuracy, agree, maxDifference, millisecondsPerImage } = agreement;
  return [
    format,
    ratio(accuracy),
    `${agree} of ${images}`,
    maxDifference.toExponential(1),
    sizeText(bytes),
    millisecondsPerImage.toFixed(1),
  ];
}

function checked({ format, runtime, unchecked, problem }: ExportedFormat): string {
  if (problem !== null) return `${format}: kept by --force, though ${problem}`;
  return unchecked === null ? `${format}: checked in ${runtime}` : `${format}: NOT CHECKED. ${unchecked}`;
}

function ratio(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}
