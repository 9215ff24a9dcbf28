import * as tf from '../tensorflow/tf.js';
import { type ConcreteFunction, shapesKey } from './concrete-function.js';
import type { TfFunctionResult } from './trace.js';

interface InnerCall {
  readonly fn: ConcreteFunction;
  readonly args: readonly tf.Tensor[];
  readonly results: readonly tf.Tensor[];
}

/**
 * Results of the functions that a graph called, while it was run for the comparison with its own function.
 *
 * If its function then calls the same functions with the same arguments, and they were compared themselves at these shapes, it gets these results: a
 * network that four signatures share need not run eight times.
 */
export class InnerCalls {
  readonly #calls: InnerCall[] = [];

  /** Whether the results of a function may be used again. */
  static isOfUse(fn: ConcreteFunction, shapes: readonly (readonly number[])[]): boolean {
    return !fn.assigns && fn.compared.has(shapesKey(shapes));
  }

  /** Keeps the results of a call until the TF.js scope around it ends. */
  add(call: InnerCall): void {
    this.#calls.push(call);
  }

  find(fn: ConcreteFunction, args: readonly tf.Tensor[]): TfFunctionResult | null {
    const call = this.#calls.find((each) => each.fn === fn && each.args.every((arg, i) => isSame(arg, args[i])));
    if (!call) return null;
    const [first, ...others] = call.results.map((result) => tf.clone(result));
    if (!first) return null;
    return fn.returnsOneTensor
      ? first
      : Object.fromEntries([first, ...others].map((result, i) => [fn.outputs[i]?.name ?? '', result]));
  }
}

let current: InnerCalls | null = null;

/** Runs `action`; tf functions that are called again in it return their earlier results. */
export function reusing<T>(calls: InnerCalls, action: () => T): T {
  const outer = current;
  current = calls;
  try {
    return action();
  } finally {
    current = outer;
  }
}

/**
 * Finds the results of a call that may be used again.
 *
 * @param graph Asked for the called function's graph only while results are kept: other calls do not pay for it.
 * @returns Null where the function must run.
 */
export function knownResults(
  graph: () => ConcreteFunction | undefined,
  args: readonly tf.Tensor[],
): TfFunctionResult | null {
  const fn = current ? graph() : undefined;
  return current && fn ? current.find(fn, args) : null;
}

function isSame(known: tf.Tensor, other: tf.Tensor | undefined): boolean {
  if (other?.dtype !== known.dtype || shapesKey([other.shape]) !== shapesKey([known.shape])) return false;
  const [x, y] = [known.dataSync<'float32'>(), other.dataSync<'float32'>()];
  return x.every((value, i) => Object.is(value, y[i]));
}
