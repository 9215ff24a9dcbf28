import * as tf from '../loading/library.js';

/** What TF.js's typings hide of its engine's state. */
interface GradientState {
  readonly gradientDepth: number;
  /** Ops that were recorded for a gradient, with what they keep for it. */
  activeTape: readonly { readonly saved?: readonly tf.Tensor[] | null }[] | null;
}

/** Checks whether TF.js is recording for `tf.grad` at the moment. */
export function isTakingGradient(): boolean {
  return gradientDepth() > 0;
}

/** Counts the gradients that TF.js is taking of each other at the moment: 2 for a second derivative. */
export function gradientDepth(): number {
  return state().gradientDepth;
}

/** Frees what a gradient that failed has kept: TF.js frees it only after one that succeeds. Outside of gradients only. */
export function freeFailedGradients(): void {
  if (isTakingGradient()) return;
  for (const { saved } of state().activeTape ?? []) saved?.forEach((tensor) => tensor.dispose());
  state().activeTape = null;
}

function state(): GradientState {
  return (tf.engine() as unknown as { state: GradientState }).state;
}
