import * as tf from './tf.js';

/** Whether TF.js records for `tf.grad` just now; its typings hide the state. */
export function isTakingGradient(): boolean {
  return (tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth > 0;
}
