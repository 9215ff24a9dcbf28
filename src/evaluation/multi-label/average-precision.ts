import { cutsOf, type RankedScores } from './ranked-scores.js';

/**
 * Computes the average precision of a ranking: the precision above each cut, each weighed with the share of the positives that this cut adds. It is
 * the area below the curve of precision over recall, without interpolation, as scikit-learn's `average_precision_score`.
 *
 * @returns Null where no image has the class.
 */
export function averagePrecision(ranked: RankedScores): number | null {
  const { positives } = ranked;
  if (positives === 0) return null;
  let [sum, before] = [0, 0];
  for (const { above, found } of cutsOf(ranked)) {
    sum += ((found - before) / positives) * (found / above);
    before = found;
  }
  return sum;
}
