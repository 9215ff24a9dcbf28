import { SignetError } from '../errors.js';
import { dataTypeOf } from '../tensorflow/data-type.js';
import { isTakingGradient } from '../tensorflow/mended/gradient-depth.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type * as tf from '../tensorflow/tf.js';
import { Asset } from './asset.js';
import { attr } from './attr-value.js';
import type { ConcreteFunction } from './concrete-function.js';
import { evaluateSize, type SourceDimension } from './size-expression.js';
import type { Tape } from './tape.js';
import type { TapeValue } from './tape-nodes.js';
import { sampleTensor, type TfFunctionResult } from './trace.js';

/**
 * Records the call of one tf function by another as one op, so that a function that several signatures share is in the graph once.
 *
 * @returns What the call gives, with made-up values; null where the function must run in the caller's own graph: under `tf.grad`, in a body
 * where it reads variables or draws numbers, when it assigns variables, or when it cannot be traced by itself.
 */
export function callFunction(
  tape: Tape,
  concreteFunction: () => ConcreteFunction,
  args: readonly tf.Tensor[],
): TfFunctionResult | null {
  if (inlined > 0 || isTakingGradient()) return null;
  const fn = tracedByItself(concreteFunction);
  if (!fn || fn.assigns || !acceptsAsTheyAre(fn, args)) return null;
  if (tape.captured && (fn.captures.length > 0 || fn.definition.signature?.isStateful === true)) return null;
  const captures = fn.captures.flatMap(
    (capture) => (capture instanceof Asset ? tape.assetValue(capture) : tape.handleOf(capture)) ?? [],
  );
  const shapes = outputShapes(fn, args, tape);
  if (captures.length < fn.captures.length || !shapes) return null;
  // In a body, its nodes take the place of the call.
  return record(
    tape,
    tape.captured ? 'PartitionedCall' : 'StatefulPartitionedCall',
    fn,
    [...args, ...captures],
    shapes,
  );
}

/**
 * Records the call of a function whose nodes take the place of the call, also outside of bodies: so it can be part of a function that is
 * called in one.
 *
 * @param concreteFunction Captures no variables and no assets, has no effects and a known rank for each result.
 * @returns Null where calls are inlined by running them.
 */
export function callPureFunction(
  tape: Tape,
  concreteFunction: () => ConcreteFunction,
  args: readonly tf.Tensor[],
): TfFunctionResult | null {
  if (inlined > 0) return null;
  const fn = withListener(null, concreteFunction);
  const shapes = outputShapes(fn, args, tape);
  if (!shapes || fn.definition.signature?.isStateful) throw new Error(`unreachable: ${fn.label} is not pure`);
  return record(tape, 'PartitionedCall', fn, args, shapes);
}

let inlined = 0;

/** Runs an action; functions that are called in it run in the caller's own graph. */
export function withCallsInlined<T>(action: () => T): T {
  inlined += 1;
  try {
    return action();
  } finally {
    inlined -= 1;
  }
}

function tracedByItself(concreteFunction: () => ConcreteFunction): ConcreteFunction | null {
  try {
    return withListener(null, concreteFunction);
  } catch (error) {
    if (error instanceof SignetError && error.code === 'NOT_TRACEABLE') return null;
    throw error;
  }
}

function acceptsAsTheyAre({ inputs }: ConcreteFunction, args: readonly tf.Tensor[]): boolean {
  return (
    inputs.length === args.length &&
    inputs.every(({ spec }, i) => args[i]?.dtype === spec.dtype && spec.accepts(args[i]))
  );
}

function record(
  tape: Tape,
  op: 'PartitionedCall' | 'StatefulPartitionedCall',
  fn: ConcreteFunction,
  inputs: readonly (tf.Tensor | TapeValue)[],
  shapes: readonly number[][],
): TfFunctionResult {
  const outputs = withListener(null, () => fn.outputs.map(({ spec }, i) => sampleTensor(spec, shapes[i] ?? [])));
  const captured = fn.captures.map((capture) => (capture instanceof Asset ? DataType.DT_STRING : DataType.DT_RESOURCE));
  tape.record({
    op,
    attributes: {
      Tin: attr.types([...fn.inputs.map(({ spec }) => dataTypeOf(spec.dtype)), ...captured]),
      Tout: attr.types(fn.outputs.map(({ spec }) => dataTypeOf(spec.dtype))),
      f: attr.func(fn.name),
    },
    inputs,
    outputs,
    functions: [fn],
  });
  const named = fn.outputs.flatMap(({ name }, i) => (outputs[i] ? [[name, outputs[i]] as const] : []));
  return fn.returnsOneTensor && outputs[0] ? outputs[0] : Object.fromEntries(named);
}

/** The shape of each output; sizes that do not follow from the inputs are made up. Null when a rank is unknown. */
function outputShapes(fn: ConcreteFunction, args: readonly tf.Tensor[], tape: Tape): number[][] | null {
  const sizeOf = ({ source, axis }: SourceDimension) => {
    const position = fn.inputs.findIndex(({ name }) => name === source.tensor);
    return args[position]?.shape[axis] ?? 0;
  };
  const shapes = fn.outputSizes.map((sizes) =>
    sizes?.map((size) => (size === null ? tape.freshSize() : evaluateSize(size, sizeOf))),
  );
  return shapes.every((shape) => shape !== undefined) ? shapes : null;
}
