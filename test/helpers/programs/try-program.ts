import { SignetError, wordsOf } from '../../../src/errors.js';
import { cond } from '../../../src/ops/cond.js';
import { mapFn } from '../../../src/ops/map-fn.js';
import { randomNormal, randomUniform } from '../../../src/ops/random.js';
import { whileLoop } from '../../../src/ops/while-loop.js';
import { CompiledFunctions } from '../../../src/saved-model/run/compile.js';
import * as tf from '../../../src/tensorflow/tf.js';
import type { ConcreteFunction } from '../../../src/tracing/concrete-function.js';
import { sameBytes } from '../../../src/tracing/same-bytes.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { type TfFunction, tfFunction } from '../../../src/tracing/tf-function.js';
import type { Program } from './program.js';
import { renderProgram, type RenderedProgram } from './render-program.js';
import { isNumber } from './scope.js';

/** Outcome of a program. */
export interface Outcome {
  readonly kind: 'agrees' | 'refused' | 'wrong' | 'fails' | 'never runs';
  /** What differed, and for which shapes. */
  readonly message: string;
}

/** A program as a tf function, and the variables that it may use. */
export interface BuiltProgram {
  readonly fn: TfFunction;
  readonly variables: readonly [tf.Variable, tf.Variable];
}

/** Sizes, most of which were not traced. */
const sizes = [2, 6, 1, 7, 16, 97, 64, 100, 13, 128, 35, 224, 3, 48, 10, 96] as const;

/** Traces a program, and calls it and its graph with many shapes. Throws only if something other than the program is at fault. */
export async function tryProgram(program: Program): Promise<Outcome> {
  const rendered = renderProgram(program);
  const built = buildProgram(rendered);
  try {
    return await compareBuilt(program, rendered, built);
  } finally {
    built.variables.forEach((variable) => variable.dispose());
  }
}

/** Makes the program. */
export function buildProgram({ source, signature }: RenderedProgram): BuiltProgram {
  const [w1, w2] = [tf.variable(tf.scalar(0.75)), tf.variable(tf.scalar(-1.25))];
  const environment = {
    tf,
    cond,
    mapFn,
    whileLoop,
    randomUniform,
    randomNormal,
    tfFunction,
    tensorSpec,
    w1,
    w2,
    weights,
  };
  // oxlint-disable-next-line typescript/no-implied-eval -- the program is text, so that a person reads what was run
  const make = new Function(...Object.keys(environment), source) as (
    ...values: unknown[]
  ) => (...args: tf.Tensor[]) => tf.Tensor;
  const specs = Object.entries(signature).map(([name, { dtype, dims, shared = [] }]) => {
    const shape = dims.map((size) => (isNumber(size) ? Number(size) : shared.includes(size) ? size : null));
    return [name, tensorSpec(dtype, shape)] as const;
  });
  const fn = tfFunction(make(...Object.values(environment)), {
    inputSignature: Object.fromEntries(specs),
    name: 'program',
  });
  return { fn, variables: [w1, w2] };
}

/** The shapes of a call: every named dimension has one size. */
export function shapesOf({ signature }: RenderedProgram, call: number, seed: number): number[][] {
  const names = [...new Set(Object.values(signature).flatMap(({ dims }) => dims.filter((size) => !isNumber(size))))];
  const isPicture = names.includes('h');
  const chosen = new Map(
    names.map((name, i) => {
      if (call === 0) return [name, 1];
      if (call === 1) return [name, isPicture ? 32 : 9];
      const size = sizes[(call * 7 + (i + 1) * (seed + call * 3) + i * 5) % sizes.length] ?? 2;
      // A large batch of large pictures takes long and shows nothing new.
      return [name, isPicture && name === 'n' ? Math.min(size, 1 + (size % 4)) : size];
    }),
  );
  return Object.values(signature).map(({ dims }) =>
    dims.map((size) => (isNumber(size) ? Number(size) : (chosen.get(size) ?? 1))),
  );
}

/** Arguments of a call, the same every time. */
export function argumentsOf({ signature }: RenderedProgram, shapes: readonly (readonly number[])[]): tf.Tensor[] {
  return Object.values(signature).map(({ dtype }, i) => {
    const shape = [...(shapes[i] ?? [])];
    const next = generator(i + 1);
    const value = {
      float32: () => next() * 4 - 2,
      uint8: () => Math.floor(next() * 256),
      bool: () => Number(next() < 0.5),
    };
    const draw = value[dtype as 'float32'] as (() => number) | undefined;
    const elements = numbersFrom(draw ?? (() => Math.floor(next() * 9) - 3), tf.util.sizeFromShape(shape));
    return tf.tensor(elements, shape, dtype === 'float32' || dtype === 'bool' ? dtype : 'int32');
  });
}

/** `Float32Array.from` takes five times as long. */
function numbersFrom(draw: () => number, count: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i += 1) numbers[i] = draw();
  return numbers;
}

/** Number of calls per program. */
const calls = 11;

async function compareBuilt(program: Program, rendered: RenderedProgram, built: BuiltProgram): Promise<Outcome> {
  const before = tf.memory().numTensors;
  const graph = traced(built.fn);
  if ('kind' in graph) return graph;
  if (tf.memory().numTensors > before) return { kind: 'wrong', message: 'tracing leaves tensors in memory' };
  const compiled = await CompiledFunctions.compile({ program: graph });
  let kind: Outcome['kind'] = 'never runs';
  const growth = new Growth();
  try {
    for (let call = 0; call < calls; call++) {
      const shapes = shapesOf(rendered, call, program.shapes);
      if (growth.isTooLarge(shapes)) continue;
      const outcome = inScope(() =>
        callBoth(built, graph, compiled, argumentsOf(rendered, shapes), rendered.isRandom, (count) =>
          growth.saw(shapes, count),
        ),
      );
      if (outcome.kind === 'agrees') kind = 'agrees';
      else if (outcome.kind !== 'never runs') {
        return { ...outcome, message: `at ${JSON.stringify(shapes)}: ${outcome.message}` };
      }
    }
  } finally {
    compiled.dispose();
  }
  return { kind, message: '' };
}

function traced(fn: TfFunction): ConcreteFunction | Outcome {
  try {
    return fn.getConcreteFunction();
  } catch (error) {
    if (error instanceof SignetError) return { kind: 'refused', message: error.message };
    return { kind: 'fails', message: `tracing throws: ${wordsOf(error)}` };
  }
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

/** Maximum number of elements of results, about 0.5 GB. A function of a pixel and a picture, called for each pixel, returns as many at 120 x 120. */
const mostElements = 2 ** 27;

/** Predicts from a program's calls whether its results for other shapes would fill the memory: they may grow with the square of the arguments. */
class Growth {
  #given = 0;
  #results = 0;

  saw(shapes: readonly (readonly number[])[], results: number): void {
    const given = elementsOf(shapes);
    // A few elements say nothing.
    if (given < 64 || given < this.#given) return;
    this.#given = given;
    this.#results = results;
  }

  isTooLarge(shapes: readonly (readonly number[])[]): boolean {
    return this.#given > 0 && this.#results * (elementsOf(shapes) / this.#given) ** 2 > mostElements;
  }
}

function elementsOf(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + tf.util.sizeFromShape([...shape]), 0);
}

/** Calls the function and its graph with the same variables; "never runs" if the function itself does not accept the arguments. */
function callBoth(
  built: BuiltProgram,
  graph: ConcreteFunction,
  graphs: CompiledFunctions,
  args: readonly tf.Tensor[],
  isRandom: boolean,
  onResults: (elements: number) => void = () => undefined,
): Outcome {
  setVariables(built);
  let eager: Readonly<Record<string, tf.Tensor>>;
  try {
    const result = built.fn(...args);
    eager = result instanceof tf.Tensor ? { output_0: result } : result;
  } catch (error) {
    return { kind: 'never runs', message: wordsOf(error) };
  }
  onResults(elementsOf(Object.values(eager).map(({ shape }) => shape)));
  const changed = built.variables.map((variable) => variable.clone());
  setVariables(built);
  graphs.writeVariables();
  let results: Readonly<Record<string, tf.Tensor>>;
  try {
    results = graphs.call('program', args);
  } catch (error) {
    return { kind: 'fails', message: wordsOf(error) };
  }
  graphs.readVariables();
  for (const [name, value] of Object.entries(eager)) {
    const problem = difference(value, results[name], isRandom) ?? specProblem(graph, name, value);
    if (problem !== null) return { kind: 'wrong', message: `${name}: ${problem}` };
  }
  for (const [i, value] of changed.entries()) {
    const problem = difference(value, built.variables[i], isRandom);
    if (problem !== null) return { kind: 'wrong', message: `variable w${i + 1}: ${problem}` };
  }
  return { kind: 'agrees', message: '' };
}

/** How the output signature contradicts the function's result, if it does. */
function specProblem({ outputs }: ConcreteFunction, name: string, { shape }: tf.Tensor): string | null {
  const spec = outputs.find((output) => output.name === name)?.spec;
  return spec && !spec.acceptsShape(shape) ? `the signature says ${spec}, eager gives [${shape.join(', ')}]` : null;
}

function setVariables({ variables: [w1, w2] }: BuiltProgram): void {
  w1.assign(tf.scalar(0.75));
  w2.assign(tf.scalar(-1.25));
}

/** How two results differ, in words; null if they are the same except for rounding. */
export function difference(eager: tf.Tensor, graph: tf.Tensor | undefined, isRandom = false): string | null {
  if (!graph) return 'the graph does not give it';
  const [a, b] = [eager, graph].map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`);
  if (a !== b) return `eager gives ${a}, the graph ${b}`;
  if (isRandom) return null;
  const [x, y] = [eager.dataSync<'float32'>(), graph.dataSync<'float32'>()];
  if (sameBytes(x, y)) return null;
  const largest = x.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const differs = x.findIndex((value, i) => {
    const other = y[i] ?? NaN;
    return !Object.is(value, other) && value !== other && !(Math.abs(value - other) <= 1e-4 * largest + 1e-5);
  });
  return differs < 0 ? null : `of ${a}, eager gives ${x[differs]} at ${differs}, the graph ${y[differs]}`;
}

/** Makes the weights of a layer. */
function weights(shape: number[]): tf.Tensor {
  const elements = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => ((i * 37) % 11) / 10 - 0.5);
  return tf.tensor(elements, shape);
}

/** A linear congruential generator of numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
