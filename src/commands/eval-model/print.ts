import { evaluatedSignatures } from '../../evaluation/evaluate-saved-model.js';
import { classReport, ratio } from '../../evaluation/class-report.js';
import type { EvaluationResult } from '../../evaluation/metrics.js';
import { isMultiLabelResult } from '../../evaluation/multi-label/multi-label-metrics.js';
import type { EvalModelResult } from './run.js';
import { terminalLink } from '../../text/terminal-link.js';

/** Returns what `eval-model` prints. Classes are listed once, for `serving_default`, and `serving_bytes` is compared with it. */
export function evalModelText(result: EvalModelResult, columns = 100): string {
  return [
    signaturesText(result),
    classReport(result.signatures.serving_default, { columns }),
    ...(result.report === null ? [] : [`report: ${terminalLink(result.report)}\n`]),
  ].join('\n');
}

/** The figures of each signature, and how far the two are apart: the part of `evalModelText` before the classes. */
export function signaturesText(result: EvalModelResult): string {
  const { serving_default: reference } = result.signatures;
  const header = ['images', ...figuresOf(reference).map(([name]) => name), 'loss', 'images/s'];
  const rows = evaluatedSignatures.map((key) => {
    const { loss, imagesPerSecond, images, nonFinite } = result.signatures[key];
    const ratios = figuresOf(result.signatures[key]).map(([, value]) => ratio(value));
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
    ...(result.precision === 'float32' ? [] : [`computed in ${result.precision}`]),
    ...(result.skipped.length === 0
      ? []
      : [`${result.skipped.length} images do not decode and were left out (--json lists them)`]),
    '',
  ].join('\n');
}

/** The ratios of a signature, by their headings. */
function figuresOf(result: EvaluationResult): (readonly [name: string, value: number | null])[] {
  if (isMultiLabelResult(result)) {
    const { meanAveragePrecision, macroAverage, exactMatches } = result;
    return [['mAP', meanAveragePrecision], ['F1', macroAverage.f1], ['exact', exactMatches]]; // prettier-ignore
  }
  const { accuracy, topK } = result;
  // The best of one is the accuracy again.
  return [['accuracy', accuracy], ...(topK.k === 1 ? [] : [[`top-${topK.k}`, topK.accuracy] as const])];
}

function line(name: string, cells: readonly string[]): string {
  return [name.padEnd(16), ...cells.map((cell) => cell.padStart(9))].join('');
}
