import * as tf from '../loading/library.js';

/** Whether TF.js records for `tf.grad` just now. */
export function isTakingGradient(): boolean {
  return gradientDepth() > 0;
}

/** How many gradients TF.js takes of each other just now: 2 for the second derivative. Its typings hide the state. */
export function gradientDepth(): number {
  return (tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth;
}
