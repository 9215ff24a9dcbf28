import * as tf from '../../../src/tensorflow/tf.js';

/**
 * Disposes of all variables, and gives the next ones the names that the first ones of a process have. TF.js numbers variables across the whole
 * process, and their names are part of what is saved.
 */
export function forgetNames(): void {
  tf.disposeVariables();
  names ??= findNames();
  names.clear();
  // TF.js keeps the order of a model's layers by the names of its inputs and outputs.
  tf.env().set('TOPOLOGICAL_SORT_CACHE_MAX_ENTRIES', 0);
  tf.env().set('TOPOLOGICAL_SORT_CACHE_MAX_ENTRIES', 100);
}

let names: Map<unknown, unknown> | null = null;

/** Finds the map in which TF.js counts names. No module exports it, but TF.js adds the name of a new variable to it. */
function findNames(): Map<unknown, unknown> {
  const layer = tf.layers.dense({ units: 1, name: 'forget-names' });
  const { set } = Map.prototype;
  const found: Map<unknown, unknown>[] = [];
  Map.prototype.set = function (this: Map<unknown, unknown>, key: unknown, value: unknown) {
    if (key === 'forget-names/kernel') found.push(this);
    return set.call(this, key, value);
  };
  try {
    layer.apply(tf.input({ shape: [1] }));
  } finally {
    Map.prototype.set = set;
  }
  layer.dispose();
  if (!found[0]) throw new Error('TF.js counts names elsewhere now.');
  return found[0];
}
