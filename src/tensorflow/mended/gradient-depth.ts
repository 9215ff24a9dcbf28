import * as tf from '../loading/library.js';

/** Checks whether TF.js is recording for `tf.grad` at the moment. */
export function isTakingGradient(): boolean {
  return gradientDepth() > 0;
}

/** Counts the gradients that TF.js is taking of each other at the moment: 2 for a second derivative. Its typings hide the state. */
export function gradientDepth(): number {
  return (tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth;
}
