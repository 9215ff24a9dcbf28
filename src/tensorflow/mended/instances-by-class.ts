import { replaced } from './replaced.js';

/**
 * Makes `instanceof` accept only objects of a class and its subclasses. `tf.Optimizer` accepts any object with an optimizer's methods, and its
 * subclasses inherit that: every optimizer of TF.js would be an instance of each of them.
 */
export function instancesByClass(Class: { [Symbol.hasInstance](value: unknown): boolean }): () => void {
  return replaced(Class, Symbol.hasInstance, () => Function.prototype[Symbol.hasInstance]);
}
