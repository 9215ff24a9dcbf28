/** Number of steps of the integral and of the table: the error is far below 1/255, the step between two values of a pixel. */
const steps = 4096;
const knots = 256;

/**
 * Quantiles of the lower half of a symmetric beta distribution: the numbers up to 1/2 below which 0/512, 1/512, ... 256/512 of the draws from
 * Beta(alpha, alpha) fall.
 *
 * The density is infinite at 0 for an alpha below 1. With u = v^(1/alpha) the integral of u^(alpha - 1) (1 - u)^(alpha - 1) becomes that
 * of (1 - v^(1/alpha))^(alpha - 1), which is smooth up to u = 1/2; the upper half is its mirror image.
 */
export function betaQuantiles(alpha: number): number[] {
  const end = 0.5 ** alpha;
  const at = (i: number) => (1 - ((i / steps) * end) ** (1 / alpha)) ** (alpha - 1);
  const integral = [0];
  for (let i = 1; i <= steps; i += 1) integral.push((integral[i - 1] ?? 0) + (at(i - 1) + 4 * at(i - 0.5) + at(i)) / 6);
  const total = integral[steps] ?? 1;
  const quantiles: number[] = [];
  for (let knot = 0, i = 0; knot <= knots; knot += 1) {
    const wanted = (knot / knots) * total;
    while (i < steps - 1 && (integral[i + 1] ?? 0) < wanted) i += 1;
    const [below = 0, above = 1] = [integral[i], integral[i + 1]];
    quantiles.push((((i + (wanted - below) / (above - below)) / steps) * end) ** (1 / alpha));
  }
  return quantiles;
}
