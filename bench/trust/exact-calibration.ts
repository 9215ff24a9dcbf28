import { Reliability } from '../../src/evaluation/confidence/reliability.js';
import { createRandom } from '../../src/data/dataset/random.js';

/** Calibration errors of perfectly calibrated classifiers. */
export interface ExactCalibration {
  readonly mean: number;
  /** Bounds: one draw in 20 is below the lower one, and one in 20 above the upper one. */
  readonly low: number;
  readonly high: number;
}

/** Draws at random which images are right, each with a probability equal to its confidence, and measures the calibration error of each draw. */
export function exactCalibration(confidence: Float32Array, draws = 4000): ExactCalibration {
  const random = createRandom(0);
  const errors = Float64Array.from({ length: draws }, () => {
    const reliability = new Reliability();
    for (const each of confidence) reliability.add(each, random() < each);
    return reliability.result(1).expectedCalibrationError;
  }).sort();
  const at = (share: number) => errors[Math.floor(share * draws)] ?? NaN;
  return { mean: errors.reduce((a, b) => a + b, 0) / draws, low: at(0.05), high: at(0.95) };
}
