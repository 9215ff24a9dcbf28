/**
 * One step of a random program. What the numbers mean depends on the kind: they choose operands among the values so far, and
 * sizes and constants. Smaller numbers choose what is nearer and simpler, so that fast-check shrinks to what a person can read.
 */
export interface Step {
  readonly kind: string;
  readonly a: number;
  readonly b: number;
  readonly k: number;
  /** Steps of a body, branch, loop or inner function. */
  readonly body: readonly Step[];
}

/** A random program, as data. `renderProgram` makes it JavaScript. */
export interface Program {
  /** Which input signature of the table it has. */
  readonly signature: number;
  /** Whether JavaScript computes sizes in ways that are not just a dimension, a half or a sum. */
  readonly isWild: boolean;
  readonly steps: readonly Step[];
  /** Whether it returns several of its values by name. */
  readonly returnsSeveral: boolean;
  /** Chooses the shapes that it is called with. */
  readonly shapes: number;
}
