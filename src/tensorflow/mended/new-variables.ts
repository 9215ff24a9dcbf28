import * as tf from '../loading/library.js';

import { replaced } from './replaced.js';

/**
 * Calls `listener` with each variable that is made from now on, by anyone: TF.js's engine registers variables without notifying anyone.
 *
 * @returns A function that stops this.
 */
export function onNewVariable(listener: (variable: tf.Variable) => void): () => void {
  const engine = tf.engine();
  return replaced(engine, 'makeVariable', (makeVariable) => (...args) => {
    const variable = makeVariable.apply(engine, args);
    listener(variable);
    return variable;
  });
}
