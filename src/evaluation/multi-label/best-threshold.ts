import { cutsOf, rankScores, type RankedScores } from './ranked-scores.js';

/** The threshold of a class that nothing is known about. */
export const defaultThreshold = 0.5;

/** Returns the probability of a logit as TensorFlow has it: float32. */
export function probabilityOf(logit: number): number {
  return Math.fround(1 / (1 + Math.exp(-logit)));
}

/** Checks whether a class's probability is at least its threshold, both as float32; false where the logit or the threshold is NaN. */
export function reachesThreshold(logit = NaN, threshold = NaN): boolean {
  return probabilityOf(logit) >= Math.fround(threshold);
}

/**
 * Finds the threshold with the highest F1 on ranked logits; of several, the one nearest to 1/2. It is in the middle between two probabilities
 * that were seen, so that images that are much like these fall on the right side.
 *
 * @returns A float32 number; 1/2 where no image has the class.
 */
export function bestThreshold({ scores, present, positives }: RankedScores): number {
  if (positives === 0) return defaultThreshold;
  const finite = scores.filter(Number.isFinite);
  // Infinite logits, which predict nothing, are at both ends.
  const first = scores.findIndex(Number.isFinite);
  const ranked = rankScores(finite.map(probabilityOf), (i) => present[first + i] === 1);
  let best = { f1: 0, threshold: defaultThreshold };
  for (const { above, found, score, next } of cutsOf(ranked)) {
    const f1 = (2 * found) / (above + positives);
    const threshold = between(score, next ?? 0);
    const isNearer = Math.abs(threshold - defaultThreshold) < Math.abs(best.threshold - defaultThreshold);
    if (f1 > best.f1 || (f1 === best.f1 && isNearer)) best = { f1, threshold };
  }
  return best.threshold;
}

/** The middle of two float32 numbers as one that is at most the upper and more than the lower. */
function between(upper: number, lower: number): number {
  const middle = Math.fround((upper + lower) / 2);
  return middle > lower ? middle : upper;
}
