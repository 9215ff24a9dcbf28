/** A function to minimize: its value, and its gradient, which may be overwritten at the next call. */
export type Objective = (at: Float64Array) => Promise<{ readonly value: number; readonly gradient: Float64Array }>;

/** Options of `minimize`. */
export interface MinimizeOptions {
  /** Maximum number of steps. Default: 200. */
  readonly maxIterations?: number;
  /** It ends when the largest component of the gradient is below this. Default: 1e-4. */
  readonly gradientTolerance?: number;
  /** It also ends when a step lowers the value by less than this share of it. Default: 1e-5. */
  readonly valueTolerance?: number;
  /** Asked before each step; it ends when this returns true. Default: never. */
  readonly isStopped?: () => boolean;
}

/** Number of steps that are remembered. */
const memory = 10;

interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly rho: number;
}

/**
 * Minimizes a smooth convex function by L-BFGS, with steps that are halved until the value falls enough.
 *
 * Source: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 3.1 and 7.4.
 *
 * @returns The point at which the function is smallest.
 */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions = {},
): Promise<Float64Array> {
  const { maxIterations = 200, gradientTolerance = 1e-4, valueTolerance = 1e-5, isStopped = () => false } = options;
  const steps: Step[] = [];
  let at = start;
  let { value, gradient } = copied(await objective(at));
  for (let i = 0; i < maxIterations && !isStopped(); i += 1) {
    if (gradient.every((each) => Math.abs(each) < gradientTolerance)) break;
    const direction = descentDirection(gradient, steps);
    // Without remembered steps the right length is not known; 1 is a guess.
    const first = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = await search(objective, { at, value, gradient, direction, first });
    if (!next) break;
    remember(steps, { moved: minus(next.at, at), turned: minus(next.gradient, gradient) });
    const gained = value - next.value;
    ({ at, value, gradient } = next);
    if (gained < valueTolerance * Math.abs(value)) break;
  }
  return at;
}

interface Search {
  readonly at: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly direction: Float64Array;
  /** Share of the direction that is tried first. */
  readonly first: number;
}

/** Halves a step until the value falls by a ten-thousandth of what its slope promises; null if it never does. */
async function search(objective: Objective, { at, value, gradient, direction, first }: Search) {
  const slope = dot(gradient, direction);
  for (let length = first; length > 1e-10; length /= 2) {
    const there = at.map((each, i) => each + length * (direction[i] ?? 0));
    const found = copied(await objective(there));
    if (found.value <= value + 1e-4 * length * slope) return { at: there, ...found };
  }
  return null;
}

/** The two loops over the remembered steps. */
function descentDirection(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const direction = gradient.map((each) => -each);
  const shares = steps.map(() => 0);
  for (const [i, { moved, turned, rho }] of [...steps.entries()].reverse()) {
    const share = rho * dot(moved, direction);
    shares[i] = share;
    addTo(direction, turned, -share);
  }
  const last = steps.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.turned, last.turned)) : 1;
  direction.forEach((each, i) => (direction[i] = each * scale));
  steps.forEach(({ moved, turned, rho }, i) =>
    addTo(direction, moved, (shares[i] ?? 0) - rho * dot(turned, direction)),
  );
  return direction;
}

function remember(steps: Step[], { moved, turned }: Omit<Step, 'rho'>): void {
  const curvature = dot(moved, turned);
  // Rounding can hide the curvature that a convex function has.
  if (!(curvature > 1e-12 * dot(moved, moved))) return;
  steps.push({ moved, turned, rho: 1 / curvature });
  if (steps.length > memory) steps.shift();
}

function copied({ value, gradient }: { readonly value: number; readonly gradient: Float64Array }) {
  return { value, gradient: gradient.slice() };
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((each, i) => each - (b[i] ?? 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function addTo(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i += 1) a[i] = (a[i] ?? 0) + factor * (b[i] ?? 0);
}
