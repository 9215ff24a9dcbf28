import { replaced } from './replaced.js';

/**
 * Makes `instanceof` ask for a class and its subclasses. `tf.Optimizer` takes any object with an optimizer's methods for an instance, and
 * its subclasses inherit that: every optimizer of TF.js would be an instance of each of them.
 */
export function instancesByClass(Class: { [Symbol.hasInstance](value: unknown): boolean }): () => void {
  return replaced(Class, Symbol.hasInstance, () => Function.prototype[Symbol.hasInstance]);
}
