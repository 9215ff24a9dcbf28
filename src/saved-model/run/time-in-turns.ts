/** Bounds of `timeInTurns`. */
export interface TimingBounds {
  /** Milliseconds after which no further round begins, except the first `leastRounds`. */
  readonly milliseconds: number;
  /** Default: 3. */
  readonly leastRounds?: number;
  /** Default: 15. */
  readonly mostRounds?: number;
}

/**
 * Times calls in turns, so that other load on the computer affects all of them. A call that returns a promise ends when that settles.
 *
 * @returns The fastest of each in milliseconds.
 */
export async function timeInTurns(
  calls: readonly (() => unknown)[],
  { milliseconds, leastRounds = 3, mostRounds = 15 }: TimingBounds,
): Promise<number[]> {
  const best = calls.map(() => Infinity);
  const end = performance.now() + milliseconds;
  for (let round = 0; round < mostRounds && (round < leastRounds || performance.now() < end); round += 1) {
    for (const [i, call] of calls.entries()) {
      const start = performance.now();
      const result = call();
      if (result instanceof Promise) await result;
      best[i] = Math.min(best[i] ?? Infinity, performance.now() - start);
    }
  }
  return best;
}
