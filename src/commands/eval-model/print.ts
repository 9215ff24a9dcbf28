import { evaluatedSignatures } from '../../evaluation/evaluate-saved-model.js';
import { classReport } from '../../evaluation/evaluation-text.js';
import type { EvalModelResult } from './run.js';
import { terminalLink } from '../../text/terminal-link.js';

/** What `eval-model` prints. The classes are told once: by `serving_default`, to which `serving_bytes` is compared. */
export function evalModelText(result: EvalModelResult, columns = 100): string {
  const { serving_default: reference } = result.signatures;
  const header = ['images', 'accuracy', `top-${reference.topK.k}`, 'loss', 'images/s'];
  const rows = evaluatedSignatures.map((key) => {
    const { accuracy, loss, topK, imagesPerSecond, images, nonFinite } = result.signatures[key];
    const ratios = [accuracy, topK.accuracy, loss].map((value) => value.toFixed(4));
    const remark = nonFinite === 0 ? '' : `  ${nonFinite} images have logits that are not finite`;
    return line(key, [String(images), ...ratios, imagesPerSecond.toFixed(0)]) + remark;
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
