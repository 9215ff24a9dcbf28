/**
 * Returns how often neither classifier being better would give a split at least as uneven as this one: the p-value of McNemar's test, two-sided and exact.
 *
 * Images on which both are right, or both wrong, say nothing about which is better. If neither is, each of the others falls to one side by the toss of a coin.
 *
 * Sources: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages" (Psychometrika 12, 1947), with the binomial distribution
 * in place of chi-squared, which needs some dozens of images; as `mcnemar(exact=True)` of statsmodels and `binom.test(better, better + worse)` of R.
 *
 * @param better Images on which the second is better.
 * @param worse Images on which it is worse.
 * @returns 0 to 1; 1 without such images.
 */
export function mcNemarTest(better: number, worse: number): number {
  const all = better + worse;
  const least = Math.min(better, worse);
  // Of large numbers, 2 ** -all is too small for a float.
  let logTerm = -all * Math.LN2;
  let tail = 0;
  for (let i = 0; i <= least; i += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((all - i) / (i + 1));
  }
  return Math.min(1, 2 * tail);
}

/** Quantile of 97.5 % of the normal distribution. */
const z = 1.959964;

/**
 * Returns the 95 % confidence interval of the difference of two accuracies on all images of a kind, after both classifiers answered the same images.
 *
 * Source: Agresti and Min, "Simple improved confidence intervals for comparing matched proportions" (Statistics in Medicine 24, 2005): Wald's interval with half an image
 * more in each of the four fields.
 *
 * @param better Images on which the second is right and the first wrong.
 * @param worse The reverse.
 */
export function differenceInterval(
  better: number,
  worse: number,
  images: number,
): readonly [low: number, high: number] {
  const [gained, lost, all] = [better + 0.5, worse + 0.5, images + 2];
  const difference = (gained - lost) / all;
  const reach = (z / all) * Math.sqrt(gained + lost - (gained - lost) ** 2 / all);
  return [Math.max(-1, difference - reach), Math.min(1, difference + reach)];
}
