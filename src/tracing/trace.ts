import { SignetError, wordsOf } from '../errors.js';
import { dataTypeName, dataTypeOf, dtypeOf, tfjsDtype } from '../tensorflow/data-type.js';
import { onNewVariable } from '../tensorflow/mended/new-variables.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import { SampleSizes, tracesForUnknownSizes } from './sample-sizes.js';
import { checkName } from './check-name.js';
import { Tape } from './tape.js';
import type { Trace } from './tape-nodes.js';
import type { Dimension, TensorSpec } from './tensor-spec.js';
import { giveOwnStorage, registeredVariables } from './variable-history.js';

/** What a tf function may return: one tensor, or several by name. */
export type TfFunctionResult = tf.Tensor | Readonly<Record<string, tf.Tensor>>;

/**
 * Runs a function on samples of several sizes and records each run.
 *
 * Variables are afterwards what they were: a training step can be traced without being taken.
 *
 * @param signature The arguments in their order, by name.
 */
export function traceFunction(
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  signature: Readonly<Record<string, TensorSpec>>,
): Trace[] {
  return withVariablesRestored((madeVariables) => traceEveryRank(fn, signature, madeVariables));
}

/**
 * Arguments of unknown rank are sampled with many elements, and where the function does not take those, such as one that
 * makes a scalar of its argument, with one.
 */
function traceEveryRank(
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  signature: Readonly<Record<string, TensorSpec>>,
  madeVariables: () => number,
): Trace[] {
  const trace = (shapesOfAnyRank: readonly (readonly number[])[]) =>
    traceEverySize(fn, signature, new ShapeSamples(signature, shapesOfAnyRank), madeVariables);
  if (Object.values(signature).every(({ shape }) => shape !== null)) return trace([]);
  try {
    return trace([[], [2], [3, 5], [2, 3, 4]]);
  } catch (error) {
    if (!(error instanceof SignetError && error.code === 'NOT_TRACEABLE')) throw error;
    try {
      return trace([[], [1], [1, 1], [1, 1, 1]]);
    } catch {
      throw error;
    }
  }
}

function traceEverySize(
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  signature: Readonly<Record<string, TensorSpec>>,
  shapes: ShapeSamples,
  madeVariables: () => number,
): Trace[] {
  const before = madeVariables();
  const first = traceOnce(fn, signature, shapes, 0);
  const made = madeVariables();
  // Where no size is unknown, every trace would be the same.
  const length = shapes.areFixed && !first.madeUpSizes ? 1 : tracesForUnknownSizes;
  // A first call may make variables, such as an optimizer's slots: only a later one shows what every call does.
  const traces = Array.from({ length }, (_, trace) =>
    trace === 0 && made === before ? first : traceOnce(fn, signature, shapes, trace),
  );
  if (madeVariables() === made) return traces;
  throw new SignetError(
    'NOT_TRACEABLE',
    'A tf function may make variables only the first time it is called. It makes new ones at every call: make them outside.',
  );
}

function traceOnce(
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  signature: Readonly<Record<string, TensorSpec>>,
  shapes: ShapeSamples,
  trace: number,
): Trace {
  for (const variable of registeredVariables()) giveOwnStorage(variable);
  const tape = new Tape(trace, shapes.sizesAfterArguments());
  const holder: { result?: Trace } = {};
  tf.tidy(() => {
    const samples = Object.entries(signature).map(([name, spec]) => {
      const sample = sampleTensor(spec, shapes.of(name, trace));
      tape.addArgument(name, dataTypeOf(spec.dtype), sample);
      return sample;
    });
    const result = runOnSamples(tape, fn, samples, signature);
    const { nodes, updatesVariables } = tape;
    const madeUpSizes = tape.sizes.count > 0;
    holder.result = {
      nodes,
      ...outputsOf(tape, result),
      assignments: tape.assignments(),
      updatesVariables,
      madeUpSizes,
    };
  });
  if (!holder.result) throw new Error('unreachable: tf.tidy runs its function');
  return holder.result;
}

/** What fails on a sample fails in the words of TF.js, which say nothing of samples. */
function runOnSamples(
  tape: Tape,
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  samples: tf.Tensor[],
  signature: Readonly<Record<string, TensorSpec>>,
): TfFunctionResult {
  try {
    return withListener(tape, () => fn(...samples));
  } catch (error) {
    if (error instanceof SignetError && error.code !== 'INVALID_SHAPE') throw error;
    const words = wordsOf(error);
    const shapes = Object.keys(signature).map((name, i) => `${name} [${samples[i]?.shape.join(', ')}]`);
    throw new SignetError(
      'NOT_TRACEABLE',
      `It fails when it is tried out with ${shapes.join(', ') || 'no arguments'}: ${words} Unknown sizes that must be equal get ` +
        "one name in the input signature, such as tensorSpec('float32', ['batch', 3]); a size that must be a certain one is a number.",
      { cause: error },
    );
  }
}

function outputsOf(
  tape: Tape,
  result: TfFunctionResult | null | undefined,
): Pick<Trace, 'outputs' | 'returnsOneTensor'> {
  // A promise is refused below; left alone, its failure would end the process.
  if (result instanceof Promise) result.catch(() => undefined);
  const isTensor = (value: unknown): value is tf.Tensor => value instanceof tf.Tensor;
  if (isTensor(result)) return { outputs: [['output_0', tape.valueOf(result)]], returnsOneTensor: true };
  // A function in JavaScript may return anything.
  const entries = Array.isArray(result) ? [] : Object.entries<tf.Tensor>(result ?? {});
  entries.forEach(([name]) => checkName('result', name));
  if (entries.length === 0 || !entries.every(([, value]) => isTensor(value))) {
    throw new SignetError(
      'NOT_TRACEABLE',
      `A tf function returns a tensor, or an object of tensors by name. Received: ${describeResult(result)}.`,
    );
  }
  const outputs = entries.map(([name, value]) => [name, tape.valueOf(value)] as const);
  return { outputs: outputs.sort(([a], [b]) => (a < b ? -1 : 1)), returnsOneTensor: false };
}

function describeResult(result: unknown): string {
  if (result instanceof Promise) return 'a promise (tf functions are not async)';
  if (Array.isArray(result)) return 'a list (name its elements)';
  return typeof result === 'object' && result !== null ? `{ ${Object.keys(result).join(', ')} }` : String(result);
}

/** The shape of every argument in every trace. */
class ShapeSamples {
  readonly #sizes = new SampleSizes();
  readonly #shapes: Readonly<Record<string, readonly (readonly number[])[] | null>>;

  constructor(
    private readonly signature: Readonly<Record<string, TensorSpec>>,
    private readonly ofAnyRank: readonly (readonly number[])[],
  ) {
    this.#shapes = Object.fromEntries(
      Object.entries(signature).map(([name, { shape }]) => [
        name,
        shape?.map((size) => sampleOf(size, this.#sizes)) ?? null,
      ]),
    );
  }

  /** Whether every size of every argument is known. */
  get areFixed(): boolean {
    return Object.values(this.signature).every(
      ({ shape }) => shape?.every((size) => typeof size === 'number') ?? false,
    );
  }

  of(name: string, trace: number): number[] {
    return this.#shapes[name]?.map((sample) => sample[trace] ?? 0) ?? [...(this.ofAnyRank[trace] ?? [])];
  }

  /** A source of further sizes that gives every trace its own column of the same samples. */
  sizesAfterArguments(): SampleSizes {
    const sizes = new SampleSizes();
    for (const spec of Object.values(this.signature)) for (const size of spec.shape ?? []) sampleOf(size, sizes);
    return sizes;
  }
}

function sampleOf(size: Dimension, sizes: SampleSizes): readonly number[] {
  if (typeof size === 'number') return new Array<number>(tracesForUnknownSizes).fill(size);
  return size === null ? sizes.next() : sizes.named(size);
}

/** Made-up elements of the right type: only sizes count while tracing. */
export function sampleTensor({ dtype }: Pick<TensorSpec, 'dtype'>, shape: readonly number[]): tf.Tensor {
  const type = tfjsDtype(dtype);
  const sizes = [...shape];
  if (type === 'string') return tf.tensor(new Array<string>(tf.util.sizeFromShape(sizes)).fill(''), sizes, 'string');
  return tf.zeros(sizes, type);
}

/** As `sampleTensor`, for an element type of the graph. */
export function sampleOfType(dataType: DataType, shape: readonly number[]): tf.Tensor {
  const dtype = dtypeOf(dataType);
  if (dtype !== null) return sampleTensor({ dtype }, shape);
  throw new SignetError('NOT_TRACEABLE', `TF.js has no tensors of type ${dataTypeName(dataType)}.`);
}

/**
 * Runs `action`, then gives every variable back the value it had before, and one made meanwhile its first value.
 *
 * A clone shares the variable's storage, so nothing is copied.
 */
function withVariablesRestored<T>(action: (madeVariables: () => number) => T): T {
  const before = new Map<tf.Variable, tf.Tensor>();
  const keepValue = (variable: tf.Variable) => before.set(variable, tf.keep(variable.clone()));
  registeredVariables().forEach(keepValue);
  const count = before.size;
  const stop = onNewVariable(keepValue);
  try {
    return action(() => before.size - count);
  } finally {
    stop();
    for (const [variable, value] of before) {
      if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  }
}
