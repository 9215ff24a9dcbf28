import { SignetError } from '../../errors.js';

/** Range to draw from: a number f for [-f, f], or both ends; as in Keras. */
export type Factor = number | readonly [lower: number, upper: number];

/** Limits of a factor, from `min` to `max`. */
export interface FactorBounds {
  readonly min: number;
  readonly max: number;
}

/**
 * @param name Whose factor it is: `RandomRotation's factor`.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function factorRange(name: string, factor: Factor, { min, max }: FactorBounds): [lower: number, upper: number] {
  const ends = typeof factor === 'number' ? [factor, factor] : [...factor];
  const [first = NaN, second = NaN] = ends;
  if (ends.length !== 2 || !ends.every((end) => end >= min && end <= max)) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${name} is a number from ${min} to ${max}, or two of them. Received: ${String(factor)}.`,
    );
  }
  if (typeof factor === 'number') return [-Math.abs(factor), Math.abs(factor)];
  return [Math.min(first, second), Math.max(first, second)];
}
