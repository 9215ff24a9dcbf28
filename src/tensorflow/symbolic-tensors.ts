import type * as tf from './tf.js';

/** Lists all tensors of a network that some tensors depend on, each after those from which it is computed. */
export function inOrder(from: readonly tf.SymbolicTensor[]): tf.SymbolicTensor[] {
  const seen = new Set<tf.SymbolicTensor>();
  const visit = (tensor: tf.SymbolicTensor, after: tf.SymbolicTensor[]) => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    for (const input of tensor.inputs) visit(input, after);
    after.push(tensor);
  };
  const ordered: tf.SymbolicTensor[] = [];
  for (const tensor of from) visit(tensor, ordered);
  return ordered;
}

/** Checks whether the outputs of a network depend on its input along a path that avoids a tensor. */
export function isReached(
  input: tf.SymbolicTensor,
  outputs: readonly tf.SymbolicTensor[],
  without: tf.SymbolicTensor,
): boolean {
  const seen = new Set<tf.SymbolicTensor>([without]);
  const waiting = [...outputs];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    if (tensor === input) return true;
    seen.add(tensor);
    waiting.push(...tensor.inputs);
  }
  return false;
}
