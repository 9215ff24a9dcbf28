import { SignetError, wordsOf } from '../errors.js';
import { tfjsDtype } from '../tensorflow/data-type.js';
import { freeFailedGradients } from '../tensorflow/mended/gradient-depth.js';
import { withMadeUpDraws } from '../tensorflow/mended/made-up-draws.js';
import { withinLimit, withListener } from '../tensorflow/mended/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import type { ConcreteFunction } from './concrete-function.js';
import { InnerCalls, reusing } from './inner-calls.js';
import { type RunBudget, TakesTooLong } from './run-budget.js';
import { drawsNumbers, runGraph } from './run-graph.js';
import { sameBytes } from './same-bytes.js';
import type { SampleRun, TensorFunction } from './trace.js';
import type { TensorSpec } from './tensor-spec.js';
import { withVariablesRestored } from './variable-history.js';

/** A run to check, and what was seen of it so far. */
export interface ToCheck {
  readonly shapes: SampleRun['shapes'];
  /** How its trace differs from the others, in the words of a message; null where it does not. */
  readonly difference: string | null;
  /** What running the graph may cost. Default: the default of `runGraph`. */
  readonly budget?: RunBudget;
}

/** What a check can find: the same results, that the function does not take such arguments, or that the graph would cost too much. */
export type CheckResult = 'same' | 'not taken' | 'too dear';

/**
 * Calls a function and its graph with the same random numbers and compares results and assigned variables. Arguments that the function itself refuses
 * are skipped.
 *
 * Variables are afterwards what they were.
 *
 * @returns What the check found.
 * @throws SignetError `NOT_TRACEABLE` where they differ, or the graph fails.
 */
export function checkGraph(graph: ConcreteFunction, fn: TensorFunction, toCheck: ToCheck): CheckResult {
  return withListener(null, () => withVariablesRestored(() => inScope(() => compareBoth(graph, fn, toCheck))));
}

function compareBoth(
  graph: ConcreteFunction,
  fn: TensorFunction,
  { shapes, difference, budget }: ToCheck,
): CheckResult {
  const args = graph.inputs.map(({ spec }, i) => randomTensor(spec, shapes[i] ?? [], i));
  const what = graph.inputs.map(({ name }, i) => `${name} [${shapes[i]?.join(', ')}]`).join(', ');
  const calls = new InnerCalls();
  const fromGraph = attempt(() => runGraph(graph, args, budget, calls));
  if ('error' in fromGraph && fromGraph.error instanceof TakesTooLong) return 'too dear';
  const call = () => reusing(calls, () => withMadeUpDraws(() => resultsOf(fn(...args))));
  const eager = attempt(() => (budget ? withinLimit(budget.ofFunction(), call) : call()));
  if ('error' in eager) return eager.error instanceof TakesTooLong ? 'too dear' : 'not taken';
  if ('error' in fromGraph) throw differs(what, `the graph fails: ${wordsOf(fromGraph.error)}`, difference);
  const isRandom = drawsNumbers(graph);
  graph.outputs.forEach(({ name }, i) => {
    const problem = compare(eager.value.get(name), fromGraph.value.outputs[i], isRandom);
    if (problem !== null) throw differs(what, `result "${name}": ${problem}`, difference);
  });
  for (const [variable, value] of fromGraph.value.assigned) {
    const problem = compare(variable, value, isRandom);
    if (problem !== null) throw differs(what, `variable "${variable.name}": ${problem}`, difference);
  }
  return 'same';
}

/** `tf.tidy` for results that are not tensors. */
function inScope<T>(action: () => T): T {
  tf.engine().startScope();
  try {
    return action();
  } finally {
    tf.engine().endScope();
  }
}

type Attempt<T> = { readonly value: T } | { readonly error: unknown };

function attempt<T>(action: () => T): Attempt<T> {
  try {
    return { value: action() };
  } catch (error) {
    freeFailedGradients();
    return { error };
  }
}

function resultsOf(result: ReturnType<TensorFunction>): ReadonlyMap<string, tf.Tensor> {
  return new Map(result instanceof tf.Tensor ? [['output_0', result]] : Object.entries<tf.Tensor>(result));
}

/** How two results differ, in words; null if they are the same. Of random numbers, types and shapes are compared. */
function compare(eager: tf.Tensor | undefined, graph: tf.Tensor | undefined, isRandom: boolean): string | null {
  if (!eager || !graph) return eager ? 'the graph has none' : 'the function has none';
  const [a, b] = [eager, graph].map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`);
  if (a !== b) return `the function gives ${a}, the graph ${b}`;
  if (isRandom) return null;
  // Strings in an array; numbers in a typed array, since a variable may have millions.
  const [x, y] = [eager.dataSync<'float32'>(), graph.dataSync<'float32'>()];
  // Mostly the same kernels have run, and there may be millions of numbers.
  if (sameBytes(x, y)) return null;
  let largest = 0;
  for (const value of x) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  // Mostly the same kernels have run; a sum that is shared among threads differs in its last digits.
  const allowed = 1e-5 * largest + 1e-6;
  const at = x.findIndex((value, i) => !isSame(value, y[i], allowed));
  return at < 0 ? null : `of ${a}, the function gives ${x[at]} at position ${at}, the graph ${y[at]}`;
}

function isSame(a: unknown, b: unknown, allowed: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(Number(a) - Number(b)) <= allowed;
}

function differs(what: string, how: string, difference: string | null): SignetError {
  const cause = difference ?? 'JavaScript decides by a size, in the same way for every size it was traced with';
  return new SignetError(
    'NOT_TRACEABLE',
    `Its graph does not compute what the function computes. Tried with ${what}, ${how}. The likely cause: ${cause}. ` +
      'Decide with tensors (cond, tf.where, tf.minimum of sizeOf), use ops that take any size (padTo, cropTo, resizeImages), or fix the size in the input signature.',
  );
}

/** Made-up numbers, the same every time. The first is not 0, or nobody would see where padding begins. */
function randomTensor({ dtype }: TensorSpec, shape: readonly number[], seed: number): tf.Tensor {
  const type = tfjsDtype(dtype);
  const sizes = [...shape];
  const count = tf.util.sizeFromShape(sizes);
  if (type === 'string') return tf.tensor(new Array<string>(count).fill(''), sizes, 'string');
  const numbers = madeUp(dtype, seed, count);
  if (numbers[0] === 0) numbers[0] = 1;
  return tf.tensor(numbers, sizes, type);
}

/** Numbers for the arguments of a type. A shorter argument gets the first of those that a longer one gets, so that they are made once. */
function madeUp(dtype: TensorSpec['dtype'], seed: number, count: number): Float32Array {
  const some = firstMadeUp(dtype, seed, Math.min(count, mostMadeUp));
  if (count <= some.length) return some.slice(0, count);
  const numbers = new Float32Array(count);
  for (let at = 0; at < count; at += mostMadeUp) numbers.set(some.subarray(0, Math.min(mostMadeUp, count - at)), at);
  return numbers;
}

function firstMadeUp(dtype: TensorSpec['dtype'], seed: number, count: number): Float32Array {
  const key = `${dtype} ${seed}`;
  const known = madeUpNumbers.get(key);
  if (known && known.length >= count) return known;
  const [next, type] = [generator(seed + 1), tfjsDtype(dtype)];
  const range = dtype === 'uint8' ? 256 : type === 'bool' ? 2 : 4;
  const value = type === 'float32' ? () => next() * 4 - 2 : () => Math.floor(next() * range);
  const numbers = new Float32Array(Math.max(count, leastMadeUp));
  // `Float32Array.from` takes five times as long.
  for (let i = 0; i < numbers.length; i += 1) numbers[i] = value();
  madeUpNumbers.set(key, numbers);
  return numbers;
}

const madeUpNumbers = new Map<string, Float32Array>();
const leastMadeUp = 2 ** 14;
/** The numbers repeat after this many, a megabyte. It is prime, so that no two rows, columns or pictures are the same. */
const mostMadeUp = 262_147;

/** A linear congruential generator of numbers in [0, 1), as in Numerical Recipes. */
function generator(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
