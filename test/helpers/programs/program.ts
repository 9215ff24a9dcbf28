/**
 * One step of a random program. The meaning of the numbers depends on the kind: they choose operands among the values so far, sizes and constants.
 * Smaller numbers choose something nearer and simpler, so that fast-check shrinks programs to readable ones.
 */
export interface Step {
  readonly kind: string;
  readonly a: number;
  readonly b: number;
  readonly k: number;
  /** Steps of a body, branch, loop or inner function. */
  readonly body: readonly Step[];
}

/** A random program, as data. `renderProgram` turns it into JavaScript. */
export interface Program {
  /** Number of its input signature in the table. */
  readonly signature: number;
  /** Whether JavaScript computes sizes in ways that are not just a dimension, a half or a sum. */
  readonly isWild: boolean;
  readonly steps: readonly Step[];
  /** Whether it returns several of its values by name. */
  readonly returnsSeveral: boolean;
  /** Chooses the shapes that it is called with. */
  readonly shapes: number;
}
