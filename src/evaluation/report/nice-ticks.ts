/** Values to mark on an axis, and how they are written. */
export interface Ticks {
  /** Rising, the first not above the smallest value and the last not below the largest. */
  readonly values: readonly number[];
  readonly text: (value: number) => string;
}

/**
 * Round numbers around a range: steps of 1, 2 or 5 times a power of ten.
 *
 * Source: Heckbert, "Nice Numbers for Graph Labels", Graphics Gems (1990), pages 61 to 63.
 *
 * @param most About how many there are at most. Default: 6.
 */
export function niceTicks(smallest: number, largest: number, most = 6): Ticks {
  const range = largest > smallest ? largest - smallest : Math.abs(largest) || 1;
  const step = niceNumber(range / (most - 1));
  const first = Math.floor(smallest / step + tolerance);
  const last = Math.max(first + 1, Math.ceil(largest / step - tolerance));
  return {
    values: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step),
    text: (value) => shortNumber(value, step),
  };
}

/** Powers of ten around a range of positive numbers. */
export function powersOfTen(smallest: number, largest: number): Ticks {
  const first = Math.floor(Math.log10(smallest) + tolerance);
  const last = Math.max(first + 1, Math.ceil(Math.log10(largest) - tolerance));
  return {
    values: Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i)),
    text: (value) => shortNumber(value, value),
  };
}

/** A sum of floats that should be whole is taken for that. */
const tolerance = 1e-9;

/** The nearest of 1, 2, 5 and 10 times a power of ten. */
function niceNumber(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const fraction = value / power;
  const nice = fraction < 1.5 ? 1 : fraction < 3 ? 2 : fraction < 7 ? 5 : 10;
  return nice * power;
}

/** The digits that distinguish one step from the next; `3e-5` if those are many. */
function shortNumber(value: number, step: number): string {
  const isShort = step >= smallestStep && step < largestStep;
  if (!isShort) return value === 0 ? '0' : Number(value.toPrecision(3)).toExponential();
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + tolerance)));
}

const smallestStep = 1e-4 * (1 - tolerance);
const largestStep = 1e5;
