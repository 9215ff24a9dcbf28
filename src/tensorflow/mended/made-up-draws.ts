import { backend, type BindingAttribute } from '../backend.js';
import * as tf from '../loading/library.js';
import { replaced } from './replaced.js';

/** Ops that draw float32 numbers of the sizes that their input says. */
const draws = new Set(['RandomUniform', 'RandomStandardNormal']);

/** Whether `withMadeUpDraws` has numbers for an op. */
export function hasMadeUpDraws(op: string): boolean {
  return draws.has(op);
}

/** The numbers that replace an op's random ones: in [0, 1), depending only on its seed and its sizes. */
export function madeUpDraw(seed: number, shape: readonly number[]): Float32Array {
  let state = shape.reduce((sum, size) => sum * 31 + size, Math.abs(seed) + 17) % 2147483648;
  return Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  });
}

/** Runs `action` with made-up numbers in place of random ones, so that another run of it can be compared. */
export function withMadeUpDraws<T>(action: () => T): T {
  const undo = replaced(backend, 'executeSingleOutput', (execute) => (op, attributes, inputs) => {
    const [sizes] = inputs;
    if (!draws.has(op) || !sizes) return execute.call(backend, op, attributes, inputs);
    const shape = Array.from(sizes.dataSync());
    return tf.tensor(madeUpDraw(seedOf(attributes), shape), shape);
  });
  try {
    return action();
  } finally {
    undo();
  }
}

function seedOf(attributes: readonly BindingAttribute[]): number {
  return Number(attributes.find(({ name }) => name === 'seed')?.value ?? 0);
}
