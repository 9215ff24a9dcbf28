import { SignetError, wordsOf } from '../errors.js';
import { dataTypeName, dataTypeOf, dtypeOf, tfjsDtype } from '../tensorflow/data-type.js';
import { freeFailedGradients } from '../tensorflow/mended/gradient-depth.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import { checkName } from './check-name.js';
import type { NamedSpec } from './concrete-function.js';
import { type SampleKind, sampleKinds } from './sample-sizes.js';
import { ShapeSamples } from './shape-samples.js';
import { Tape } from './tape.js';
import type { Trace } from './tape-nodes.js';
import { traceCost } from './trace-cost.js';
import type { TensorSpec } from './tensor-spec.js';
import { separateVariables, withVariablesRestored } from './variable-history.js';

/** What a tf function may return: one tensor, or several by name. */
export type TfFunctionResult = tf.Tensor | Readonly<Record<string, tf.Tensor>>;

/** A function as it is traced: tensors in the order of its arguments. */
export type TensorFunction = (...args: tf.Tensor[]) => TfFunctionResult;

/** A run of a function on one sample. */
export interface SampleRun {
  readonly kind: SampleKind;
  /** The shape of each argument. */
  readonly shapes: readonly (readonly number[])[];
  /** Null where the function did what cannot be traced, at an edge. */
  readonly trace: Trace | null;
  readonly cost: number;
}

/** What running a function on samples has shown. */
export interface SampleRuns {
  readonly runs: readonly SampleRun[];
  /** Shapes that were left out because they would have cost too much. */
  readonly leftOut: readonly (readonly (readonly number[])[])[];
}

/**
 * Runs a function on samples of several sizes and records each run.
 *
 * Variables are afterwards what they were: a training step can be traced without being taken.
 */
export function traceFunction(fn: TensorFunction, inputs: readonly NamedSpec[]): SampleRuns {
  return withVariablesRestored((madeVariables) => traceEveryRank(fn, inputs, madeVariables));
}

/** Runs a function on one more sample. Null if the function refuses it. */
export function traceSample(
  fn: TensorFunction,
  inputs: readonly NamedSpec[],
  shapes: SampleRun['shapes'],
): SampleRun | null {
  return withVariablesRestored((madeVariables) =>
    new SampleTracer(fn, inputs, new ShapeSamples(inputs, 'many'), madeVariables).runOne(shapes),
  );
}

/**
 * Arguments of unknown rank are sampled with many elements, and where the function does not take those, such as one that
 * makes a scalar of its argument, with one.
 */
function traceEveryRank(fn: TensorFunction, inputs: readonly NamedSpec[], madeVariables: () => number): SampleRuns {
  const trace = (sizesOfAnyRank: 'many' | 'one') =>
    new SampleTracer(fn, inputs, new ShapeSamples(inputs, sizesOfAnyRank), madeVariables).run();
  if (inputs.every(({ spec }) => spec.shape !== null)) return trace('many');
  try {
    return trace('many');
  } catch (error) {
    if (!(error instanceof SignetError && error.code === 'NOT_TRACEABLE')) throw error;
    return retried(() => trace('one'), error);
  }
}

/** Runs the action; if it fails too, throws its error with the first one as the cause. */
function retried<T>(action: () => T, first: SignetError): T {
  try {
    return action();
  } catch (second) {
    if (!(second instanceof SignetError)) throw second;
    throw new SignetError(second.code, second.message, { cause: first });
  }
}

/** The error of a function that refuses a sample. */
class DoesNotFit extends SignetError {}

/** Cost that is always allowed for a trace, in multiplications: a moment. */
const smallCost = 1e7;

class SampleTracer {
  readonly #runs: SampleRun[] = [];
  readonly #leftOut: (readonly (readonly number[])[])[] = [];
  #failure: SignetError | null = null;
  #failures = 0;

  constructor(
    private readonly fn: TensorFunction,
    private readonly inputs: readonly NamedSpec[],
    private readonly shapes: ShapeSamples,
    private readonly madeVariables: () => number,
  ) {}

  run(): SampleRuns {
    const before = this.madeVariables();
    this.#trace(0);
    // A first call may make variables, such as an optimizer's slots: only a later one shows what every call does.
    const made = this.madeVariables();
    if (made > before) {
      this.#runs.pop();
      this.#trace(0);
    }
    // Where no size is unknown, every trace would be the same.
    const isFixed = this.shapes.areFixed && !this.#runs[0]?.trace?.madeUpSizes;
    for (let row = 1; !isFixed && !this.#isHopeless() && row < sampleKinds.length; row++) this.#traceOrLeaveOut(row);
    if (this.#failure && this.#runs.filter(({ kind }) => kind !== 'edge').length < (isFixed ? 1 : leastRuns)) {
      throw this.#failure;
    }
    if (this.madeVariables() > Math.max(made, before)) throw makesVariables();
    return { runs: this.#runs, leftOut: this.#leftOut };
  }

  runOne(shapes: SampleRun['shapes']): SampleRun | null {
    if (this.#expectedCost(shapes) > smallCost) return null;
    this.#trace(0, shapes);
    const [run] = this.#runs;
    return run ? { ...run, kind: 'wide' } : null;
  }

  #fail(error: SignetError): void {
    this.#failure ??= error;
    this.#failures += 1;
  }

  /** A function that refuses two samples and has accepted none will refuse them all. */
  #isHopeless(): boolean {
    return this.#failures > 1 && this.#runs.length === 0;
  }

  #traceOrLeaveOut(row: number): void {
    const shapes = this.#shapesOf(row);
    if (sampleKinds[row] === 'base' || this.#expectedCost(shapes) <= this.#affordable()) this.#trace(row);
    else this.#leftOut.push(shapes);
  }

  #trace(row: number, shapes: SampleRun['shapes'] = this.#shapesOf(row)): void {
    const kind = sampleKinds[row] ?? 'edge';
    try {
      const trace = this.#traceOnce(row, shapes);
      this.#runs.push({ kind, shapes, trace, cost: traceCost(trace) });
    } catch (error) {
      if (error instanceof DoesNotFit) this.#fail(error);
      else if (kind === 'edge' && error instanceof SignetError) this.#runs.push({ kind, shapes, trace: null, cost: 0 });
      else throw error;
    }
  }

  #shapesOf(row: number): number[][] {
    return this.inputs.map(({ name }) => this.shapes.of(name, row));
  }

  /** Cost allowed for one further trace: after the first four, with 14 rows together, the trace of a large network may have one row. */
  #affordable(): number {
    const base = this.#runs.filter(({ kind }) => kind === 'base').reduce((total, { cost }) => total + cost, 0);
    return Math.max(smallCost, base / 10);
  }

  /** A network costs what its batch costs where it resizes its pictures first; else it grows with its arguments. */
  #expectedCost(shapes: readonly (readonly number[])[]): number {
    const base = this.#runs.filter(({ kind }) => kind === 'base');
    const perRow = base.map((run) => run.cost / rowsOf(run.shapes));
    const byRows = Math.max(...perRow) < 1.5 * Math.min(...perRow);
    const [unit, count] = byRows ? [rowsOf, rowsOf(shapes)] : [elementsOf, elementsOf(shapes)];
    return Math.max(0, ...base.map((run) => run.cost / unit(run.shapes))) * count + elementsOf(shapes);
  }

  #traceOnce(row: number, shapes: SampleRun['shapes']): Trace {
    separateVariables();
    const sizes = this.shapes.sizesAfterArguments();
    const known = sizes.count;
    const tape = new Tape(row, sizes);
    const holder: { trace?: Trace } = {};
    tf.tidy(() => {
      const samples = this.inputs.map(({ name, spec }, i) => {
        const sample = sampleTensor(spec, shapes[i] ?? []);
        tape.addArgument(name, dataTypeOf(spec.dtype), sample);
        return sample;
      });
      const result = this.#runOn(tape, samples);
      const { nodes, updatesVariables } = tape;
      const assignments = tape.assignments();
      const madeUpSizes = sizes.count > known;
      holder.trace = { nodes, ...outputsOf(tape, result), assignments, updatesVariables, madeUpSizes };
    });
    if (!holder.trace) throw new Error('unreachable: tf.tidy runs its function');
    return holder.trace;
  }

  /** Explains a failure on a sample: TF.js's own message does not mention samples. */
  #runOn(tape: Tape, samples: tf.Tensor[]): TfFunctionResult {
    try {
      return withListener(tape, () => this.fn(...samples));
    } catch (error) {
      freeFailedGradients();
      if (error instanceof SignetError && error.code !== 'INVALID_SHAPE') throw error;
      const shapes = this.inputs.map(({ name }, i) => `${name} [${samples[i]?.shape.join(', ')}]`);
      throw new DoesNotFit(
        'NOT_TRACEABLE',
        `It fails when it is tried out with ${shapes.join(', ') || 'no arguments'}: ${wordsOf(error)} Unknown sizes that must be equal get ` +
          "one name in the input signature, such as tensorSpec('float32', ['batch', 3]); a size that must be a certain one is a number.",
        { cause: error },
      );
    }
  }
}

/** Minimum number of runs: fewer show too little. */
export const leastRuns = 4;

/** Rows of the first argument. */
export function rowsOf([first]: readonly (readonly number[])[]): number {
  return first?.[0] ?? 1;
}

/** Elements of all arguments together, and one. */
export function elementsOf(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((total, shape) => total + tf.util.sizeFromShape([...shape]), 1);
}

function makesVariables(): SignetError {
  return new SignetError(
    'NOT_TRACEABLE',
    'A tf function may make variables only the first time it is called. It makes new ones at every call: make them outside.',
  );
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
