import { crossEntropy } from '../classification-metrics.js';

/** Answers to images that a model was not trained on. */
export interface LabelledLogits {
  /** [n, classes] in C order. */
  readonly logits: Float32Array;
  /** [n], positions of classes. */
  readonly labels: ArrayLike<number>;
}

/** Temperatures that are looked at. */
const range = { least: 0.05, most: 20 } as const;
/** Guo et al. fit one number: a few folds are as good as many. */
const folds = 5;

/**
 * Chooses the temperature with the least negative log likelihood, if it helps images that it was not chosen on: in five folds, the likelihood
 * must be better by more than the standard error of that difference. Otherwise 1, which changes nothing.
 *
 * Source: "temperature scaling" of Guo et al., https://arxiv.org/abs/1706.04599, section 4.2.
 */
export function chooseTemperature(answers: LabelledLogits): number {
  const rows = finiteRows(answers);
  const gains = Array.from({ length: folds }, (_, fold) => {
    const temperature = bestTemperature(rows.filter((_, i) => i % folds !== fold));
    const held = rows.filter((_, i) => i % folds === fold);
    return held.map((row) => lossOf(row, 1) - lossOf(row, temperature));
  }).flat();
  const mean = gains.reduce((a, b) => a + b, 0) / gains.length;
  const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / gains.length;
  return mean > Math.sqrt(variance / gains.length) ? bestTemperature(rows) : 1;
}

interface Row {
  readonly logits: Float32Array;
  readonly label: number;
}

function finiteRows({ logits, labels }: LabelledLogits): Row[] {
  const classes = logits.length / labels.length;
  return Array.from(labels, (label, i) => ({ label, logits: logits.subarray(i * classes, (i + 1) * classes) })).filter(
    (row) => row.logits.every(Number.isFinite),
  );
}

/** Finds it by ternary search on the logarithm, where the likelihood has one peak. */
function bestTemperature(rows: readonly Row[]): number {
  const lossAt = (exponent: number) => rows.reduce((sum, row) => sum + lossOf(row, Math.exp(exponent)), 0);
  let [low, high] = [Math.log(range.least), Math.log(range.most)];
  while (high - low > 2e-3) {
    const third = (high - low) / 3;
    if (lossAt(low + third) < lossAt(high - third)) high -= third;
    else low += third;
  }
  return Math.exp((low + high) / 2);
}

function lossOf({ logits, label }: Row, temperature: number): number {
  return crossEntropy(logits, label, temperature);
}
