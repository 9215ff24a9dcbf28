/** Scores of images for one class, from the highest down, and which of the images have the class. */
export interface RankedScores {
  readonly scores: Float32Array;
  /** 1 for an image that has the class, otherwise 0. */
  readonly present: Uint8Array;
  /** How many images have it. */
  readonly positives: number;
}

/** Ranks images by their scores for a class. NaN ranks as the lowest score. */
export function rankScores(scores: ArrayLike<number>, isPresent: (image: number) => boolean): RankedScores {
  const values = Float32Array.from(scores, (score) => (Number.isNaN(score) ? -Infinity : score));
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
  const present = Uint8Array.from(order, (image) => Number(isPresent(image)));
  return {
    scores: Float32Array.from(order, (image) => values[image] ?? NaN),
    present,
    positives: present.reduce((sum, each) => sum + each, 0),
  };
}

/** A place in a ranking between two scores. */
export interface Cut {
  /** Images above it. */
  readonly above: number;
  /** Images above it that have the class. */
  readonly found: number;
  /** The lowest score above it, and the highest below it; null where there is none. */
  readonly score: number;
  readonly next: number | null;
}

/** Lists the places where a ranking can be cut, from the top down: after the last of equal scores. */
export function* cutsOf({ scores, present }: Pick<RankedScores, 'scores' | 'present'>): Generator<Cut> {
  let found = 0;
  for (const [i, score] of scores.entries()) {
    found += present[i] ?? 0;
    const next = scores[i + 1];
    if (next !== score) yield { above: i + 1, found, score, next: next ?? null };
  }
}
