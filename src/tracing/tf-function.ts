import { SignetError } from '../errors.js';
import { currentListener } from '../tensorflow/mended/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import { callFunction, withCallsInlined } from './call-function.js';
import { checkArguments } from './check-arguments.js';
import { checkName } from './check-name.js';
import type { ConcreteFunction, NamedSpec } from './concrete-function.js';
import { knownResults } from './inner-calls.js';
import { makeGraph } from './make-graph.js';
import { snakeCase } from '../text/case.js';
import { Tape } from './tape.js';
import type { TensorSpec } from './tensor-spec.js';
import { traceFunction, type TfFunctionResult } from './trace.js';

/** What a tf function accepts: its arguments by name, in the order of the function's parameters. */
export type InputSignature = Readonly<Record<string, TensorSpec>>;

/** Options of `tfFunction`. */
export interface TfFunctionOptions {
  /** Types and shapes that it accepts. Default: whatever the function accepts; `getConcreteFunction` then needs them as its argument, and the function cannot be exported as a method. */
  readonly inputSignature?: InputSignature;
  /** What messages and the graph call it. Default: the field of the Servable that holds it, else the function's own name. */
  readonly name?: string;
}

/** A function that runs when it is called, and that can be turned into a graph. */
export interface TfFunction<
  Args extends tf.Tensor[] = tf.Tensor[],
  Result extends TfFunctionResult = TfFunctionResult,
> {
  (...args: Args): Result;
  /** Types and shapes of the arguments; null for a function that was made without them. */
  readonly inputSignature: InputSignature | null;
  /** Number of graphs that were made of it. Each is kept for its input signature: saving twice traces once. */
  readonly traceCount: number;
  /**
   * The graph of the function.
   *
   * @param inputSignature Default: the option `inputSignature`.
   * @throws SignetError `NOT_TRACEABLE` that names the function, the op and the value.
   */
  getConcreteFunction(inputSignature?: InputSignature): ConcreteFunction;
}

const holder = Symbol('tfFunction');

/**
 * Wraps an ordinary TF.js function so that it can be exported, compiled and served as a graph. Called, it simply runs, and
 * leaves nothing but its result in memory.
 *
 * @example
 * ```ts
 * const addTwo = tfFunction((x: tf.Tensor) => x.add(2), { inputSignature: { x: tensorSpec('float32', [null, 3]) } });
 * addTwo(tf.zeros([4, 3]));
 * console.log(String(addTwo.getConcreteFunction())); // fn(x: float32[?, 3]) -> (output_0: float32[?, 3])
 * ```
 */
export function tfFunction<Args extends tf.Tensor[], Result extends TfFunctionResult>(
  fn: (...args: Args) => Result,
  options: TfFunctionOptions = {},
): TfFunction<Args, Result> {
  const { inputSignature = null } = options;
  const graphs = new Graphs(fn as unknown as (...args: tf.Tensor[]) => TfFunctionResult, options.name);
  const run = (...args: Args) => {
    const listener = currentListener();
    if (listener === null) {
      if (inputSignature) checkArguments(graphs.name, namedSpecs(inputSignature), args);
      const known = inputSignature && knownResults(() => graphs.known(inputSignature), args);
      return (known ?? tf.tidy(() => fn(...args) as tf.TensorContainer)) as Result;
    }
    const isCalled = inputSignature !== null && listener instanceof Tape;
    return (isCalled ? callFunction(listener, () => graphs.get(inputSignature), args) : null) ?? fn(...args);
  };
  return Object.defineProperties(run, {
    inputSignature: { value: inputSignature },
    traceCount: { get: () => graphs.count },
    getConcreteFunction: {
      value: (signature = inputSignature) => {
        if (signature) return graphs.get(signature);
        throw new SignetError(
          'NOT_TRACEABLE',
          `Cannot trace "${graphs.name}": it has no inputSignature. Give tfFunction one, such as ` +
            "{ inputSignature: { x: tensorSpec('float32', [null, 3]) } }.",
        );
      },
    },
    [holder]: { value: graphs },
  }) as unknown as TfFunction<Args, Result>;
}

/** Whether a value was made by `tfFunction`. */
export function isTfFunction(value: unknown): value is TfFunction {
  return typeof value === 'function' && holder in value;
}

/**
 * Traces a tf function again by its input signature, with the functions that it calls in it, and keeps nothing: for a caller that watches the ops.
 *
 * @throws SignetError `NOT_TRACEABLE`.
 */
export function traceAgain(fn: TfFunction<never>): void {
  if (fn.inputSignature) (fn as unknown as Record<typeof holder, Graphs>)[holder].traceAgain(fn.inputSignature);
}

/** Forgets the graphs of a tf function: something it depends on has changed, so it is traced again when a graph is needed. */
export function forgetGraphs(fn: TfFunction<never>): void {
  (fn as unknown as Record<typeof holder, Graphs>)[holder].forget();
}

/** Names a tf function after the field that holds it, unless it was given a name. */
export function nameTfFunction(fn: TfFunction, field: string): void {
  const graphs = (fn as unknown as Record<typeof holder, Graphs>)[holder];
  graphs.givenName ??= field;
}

/** The graphs of one function, by input signature. */
class Graphs {
  readonly #graphs = new Map<string, ConcreteFunction>();

  constructor(
    private readonly fn: (...args: tf.Tensor[]) => TfFunctionResult,
    public givenName: string | undefined,
  ) {}

  get name(): string {
    return this.givenName ?? (this.fn.name === '' ? 'fn' : this.fn.name);
  }

  get count(): number {
    return this.#graphs.size;
  }

  get(signature: InputSignature): ConcreteFunction {
    const known = this.known(signature);
    if (known) return known;
    const graph = this.#trace(signature);
    this.#graphs.set(keyOf(signature), graph);
    return graph;
  }

  forget(): void {
    this.#graphs.clear();
  }

  traceAgain(signature: InputSignature): void {
    withCallsInlined(() => traceFunction(this.fn, namedSpecs(signature)));
  }

  /** The graph for a signature, if it was made. */
  known(signature: InputSignature): ConcreteFunction | undefined {
    return this.#graphs.get(keyOf(signature));
  }

  #trace(signature: InputSignature): ConcreteFunction {
    checkSignature(this.name, this.fn.length, signature);
    try {
      const name = `__inference_${snakeCase(this.name)}`;
      return makeGraph({ label: this.name, name, inputs: namedSpecs(signature) }, this.fn);
    } catch (error) {
      if (!(error instanceof SignetError) || error.message.startsWith('Cannot trace')) throw error;
      throw new SignetError(error.code, `Cannot trace "${this.name}". ${error.message}`, { cause: error });
    }
  }
}

function keyOf(signature: InputSignature): string {
  return JSON.stringify(Object.entries(signature).map(([name, spec]) => [name, spec.dtype, spec.shape]));
}

function namedSpecs(signature: InputSignature): NamedSpec[] {
  return Object.entries(signature).map(([name, spec]) => ({ name, spec }));
}

function checkSignature(name: string, parameters: number, signature: InputSignature): void {
  const names = Object.keys(signature);
  names.forEach((argument) => checkName('argument', argument));
  if (parameters <= names.length) return;
  throw new SignetError(
    'NOT_TRACEABLE',
    `Cannot trace "${name}". It takes ${parameters} arguments; its inputSignature names ${names.length}: ${names.join(', ') || 'none'}.`,
  );
}
