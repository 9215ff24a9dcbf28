/** An answer of a classifier to an image that it was not trained on. */
export interface JudgedAnswer {
  /** The largest probability. */
  readonly confidence: number;
  readonly isRight: boolean;
}

/** A threshold of the confidence, and what it leaves. */
export interface ChosenThreshold {
  /** The lowest confidence, 0 to 1, at which an answer counts as sure. */
  readonly threshold: number;
  /** Share of the images that reach it. */
  readonly answered: number;
  /** Part of these that are right. */
  readonly accuracy: number;
}

/**
 * Finds the lowest threshold whose answers are right as often as is asked for, so that as many images as possible are answered. It lies in the
 * middle between two confidences that were seen.
 *
 * @param target Accuracy, 0 to 1.
 * @returns null where not even the most confident answers are right that often.
 */
export function thresholdForAccuracy(answers: readonly JudgedAnswer[], target: number): ChosenThreshold | null {
  const ranked = answers.toSorted((a, b) => b.confidence - a.confidence);
  let [right, best] = [0, null as ChosenThreshold | null];
  for (const [i, { confidence, isRight }] of ranked.entries()) {
    right += Number(isRight);
    const next = ranked[i + 1]?.confidence ?? 0;
    const accuracy = right / (i + 1);
    // Equal confidences stand or fall together.
    if (next === confidence || accuracy < target) continue;
    best = {
      threshold: i + 1 === ranked.length ? 0 : (confidence + next) / 2,
      answered: (i + 1) / ranked.length,
      accuracy,
    };
  }
  return best;
}
