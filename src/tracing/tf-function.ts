import { createHash } from 'node:crypto';

import { SignetError } from '../errors.js';
import { currentListener } from '../tensorflow/op-listener.js';
import type * as tf from '../tensorflow/tf.js';
import { ConcreteFunction } from './concrete-function.js';
import { emitFunction } from './emit-function.js';
import type { TensorSpec } from './tensor-spec.js';
import { type TfFunctionResult, traceFunction } from './trace.js';

/** How `tfFunction` wraps a function. */
export interface TfFunctionOptions {
  /** The arguments by name, in the order of the function's parameters. */
  readonly inputSignature: Readonly<Record<string, TensorSpec>>;
  /** What messages and the graph call it. Default: `fn`. A Servable names it after the field that holds it. */
  readonly name?: string;
}

/** A function that runs when it is called, and that can be turned into a graph. */
export interface TfFunction<
  Args extends tf.Tensor[] = tf.Tensor[],
  Result extends TfFunctionResult = TfFunctionResult,
> {
  (...args: Args): Result;
  readonly inputSignature: Readonly<Record<string, TensorSpec>>;
  /** How often it has been traced; the graph is kept, so saving twice traces once. */
  readonly traceCount: number;
  /**
   * The graph of the function.
   *
   * @param name The name of its FunctionDef. Default: the option `name`.
   * @throws SignetError `NOT_TRACEABLE` that names the function, the op and the value.
   */
  getConcreteFunction(name?: string): ConcreteFunction;
}

const isTfFunctionMark = Symbol('tfFunction');

/**
 * Wraps an ordinary TF.js function so that it can be exported, compiled and served as a graph. Called, it simply runs.
 *
 * @example
 * ```ts
 * const addTwo = tfFunction((x: tf.Tensor) => x.add(2), { inputSignature: { x: tensorSpec('float32', [null, 3]) } });
 * addTwo(tf.zeros([4, 3]));
 * console.log(String(addTwo.getConcreteFunction('add_two'))); // add_two(x: float32[?, 3]) -> (output_0: float32[?, 3])
 * ```
 */
export function tfFunction<Args extends tf.Tensor[], Result extends TfFunctionResult>(
  fn: (...args: Args) => Result,
  { inputSignature, name = 'fn' }: TfFunctionOptions,
): TfFunction<Args, Result> {
  const names = Object.keys(inputSignature);
  const graphs = new Map<string, ConcreteFunction>();
  let traceCount = 0;
  const run = (...args: Args) => {
    if (currentListener() === null) checkArguments(name, inputSignature, args);
    return fn(...args);
  };
  const getConcreteFunction = (graphName = name) => {
    const known = graphs.get(graphName);
    if (known) return known;
    checkParameters(graphName, fn.length, names);
    traceCount += 1;
    const graph = traced(graphName, fn as unknown as (...args: tf.Tensor[]) => TfFunctionResult, inputSignature);
    graphs.set(graphName, graph);
    return graph;
  };
  return Object.defineProperties(run, {
    inputSignature: { value: inputSignature },
    traceCount: { get: () => traceCount },
    getConcreteFunction: { value: getConcreteFunction },
    [isTfFunctionMark]: { value: true },
  }) as unknown as TfFunction<Args, Result>;
}

/** Whether a value was made by `tfFunction`. */
export function isTfFunction(value: unknown): value is TfFunction {
  return typeof value === 'function' && isTfFunctionMark in value;
}

/**
 * The graph of a body or branch. Its name is made from its content, so that the same body in several traces or functions
 * is one function of the graph.
 */
export function traceBody(
  kind: string,
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  signature: Readonly<Record<string, TensorSpec>>,
): ConcreteFunction {
  const graph = traced(kind, fn, signature);
  const digest = createHash('sha256').update(graph.toBytes()).digest('hex').slice(0, 12);
  const { definition } = graph;
  if (definition.signature) definition.signature.name = `${kind}_${digest}`;
  return graph;
}

function traced(
  name: string,
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  signature: Readonly<Record<string, TensorSpec>>,
): ConcreteFunction {
  try {
    return emitFunction(name, signature, traceFunction(fn, signature));
  } catch (error) {
    if (!(error instanceof SignetError) || error.message.startsWith('Cannot trace')) throw error;
    throw new SignetError(error.code, `Cannot trace "${name}". ${error.message}`, { cause: error });
  }
}

function checkParameters(name: string, parameters: number, names: readonly string[]): void {
  if (parameters <= names.length) return;
  throw new SignetError(
    'NOT_TRACEABLE',
    `Cannot trace "${name}". It takes ${parameters} arguments; its inputSignature names ${names.length}: ${names.join(', ') || 'none'}.`,
  );
}

function checkArguments(
  name: string,
  signature: Readonly<Record<string, TensorSpec>>,
  args: readonly (tf.Tensor | undefined)[],
): void {
  Object.entries(signature).forEach(([argument, spec], i) => {
    const arg = args[i];
    if (arg === undefined) {
      throw new SignetError('SPEC_MISMATCH', `"${name}" takes ${argument}: ${spec}. Received: nothing.`);
    }
    if (spec.dtype !== 'int64' && spec.dtype !== 'uint8') spec.check(arg, argument);
  });
}
