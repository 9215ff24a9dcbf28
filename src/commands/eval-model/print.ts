import { evaluatedSignatures } from '../../evaluation/evaluate-saved-model.js';
import { classReport, ratio } from '../../evaluation/class-report.js';
import type { EvalModelResult } from './run.js';
import { terminalLink } from '../../text/terminal-link.js';

/** Returns what `eval-model` prints. The classes are listed once, for `serving_default`, with which `serving_bytes` is compared. */
export function evalModelText(result: EvalModelResult, columns = 100): string {
  const { serving_default: reference } = result.signatures;
  const { k } = reference.topK;
  // The best of one is the accuracy again.
  const header = ['images', 'accuracy', ...(k === 1 ? [] : [`top-${k}`]), 'loss', 'images/s'];
  const rows = evaluatedSignatures.map((key) => {
    const { accuracy, loss, topK, imagesPerSecond, images, nonFinite } = result.signatures[key];
    const ratios = [accuracy, ...(k === 1 ? [] : [topK.accuracy])].map(ratio);
    const mean = images === 0 ? '–' : loss.toFixed(4);
    const remark = nonFinite === 0 ? '' : `  ${nonFinite} of ${images} images have NaN or infinite logits`;
    return line(key, [String(images), ...ratios, mean, imagesPerSecond.toFixed(0)]) + remark;
  });
  return [
    '',
    line('signature', header),
    ...rows,
    '',
    `largest difference between the signatures' logits: ${result.maxLogitDifference.toPrecision(3)}`,
    ...(result.skipped.length === 0
      ? []
      : [`${result.skipped.length} images do not decode and were left out (--json lists them)`]),
    '',
    classReport(reference, { columns }),
    ...(result.report === null ? [] : [`report: ${terminalLink(result.report)}\n`]),
  ].join('\n');
}

function line(name: string, cells: readonly string[]): string {
  return [name.padEnd(16), ...cells.map((cell) => cell.padStart(9))].join('');
}
