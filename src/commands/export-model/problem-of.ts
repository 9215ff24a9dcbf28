import type { ExportQuantization } from '../../export/export-format.js';
import type { ExportedAgreement } from '../../export/compare-exported.js';

/** Most that a probability may differ, and accuracy may fall, by quantization. */
const limits = {
  none: { difference: 1e-4, loss: 0 },
  float16: { difference: 1e-2, loss: 0.005 },
  dynamic: { difference: Infinity, loss: 0.005 },
  weights: { difference: Infinity, loss: 0.005 },
} as const;

/** What an exported model is measured by. */
export interface Judgement {
  readonly quantize: ExportQuantization;
  /** How many pictures it was compared on. */
  readonly images: number;
  /** The SavedModel's. */
  readonly accuracy: number | null;
}

/** Says what is wrong with an exported model; null for one that may be written. */
export function problemOf(
  { accuracy, agree, maxDifference }: ExportedAgreement,
  { quantize, images, accuracy: before }: Judgement,
): string | null {
  const { difference, loss } = limits[quantize];
  if (!(maxDifference <= difference)) {
    return `a probability differs by ${maxDifference.toPrecision(3)}, at most ${difference} is allowed; ${agree} of ${images} classes are the same.`;
  }
  if (accuracy === null || before === null)
    return agree === images || quantize !== 'none' ? null : `${agree} of ${images} classes are the same.`;
  const lost = before - accuracy;
  if (quantize === 'none' ? lost === 0 : lost <= loss) return null;
  return `the accuracy is ${accuracy.toFixed(4)} after ${before.toFixed(4)}; ${quantize === 'none' ? 'no difference' : `a loss of ${loss * 100} points`} is allowed.`;
}
