import { SignetError } from '../errors.js';
import { dataTypeOf, type DType } from '../tensorflow/data-type.js';
import { withListener } from '../tensorflow/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';
import type { Tape } from '../tracing/tape.js';
import { type TensorSpec, tensorSpec } from '../tracing/tensor-spec.js';
import { traceBody } from '../tracing/tf-function.js';
import { sampleTensor } from '../tracing/trace.js';
import { currentTape } from './tracing-tape.js';

type Branch = (input: tf.Tensor) => tf.Tensor;

/**
 * `thenBranch(input)` where `predicate` is true, else `elseBranch(input)`: in a graph, decided when the graph runs.
 *
 * @param predicate bool scalar.
 * @param input What the branches take. Branches return one tensor, of the same type and rank, and use no variable.
 * @param inputSpec What the branches accept: in a graph, any of these sizes may come.
 */
export function cond(
  predicate: tf.Tensor,
  thenBranch: Branch,
  elseBranch: Branch,
  input: tf.Tensor,
  inputSpec: TensorSpec = tensorSpec(input.dtype as DType, input.shape),
): tf.Tensor {
  const tape = currentTape();
  if (tape) return recordCond(tape, predicate, thenBranch, elseBranch, input, inputSpec);
  return predicate.dataSync()[0] ? thenBranch(input) : elseBranch(input);
}

function recordCond(
  tape: Tape,
  predicate: tf.Tensor,
  thenBranch: Branch,
  elseBranch: Branch,
  input: tf.Tensor,
  inputSpec: TensorSpec,
): tf.Tensor {
  const thenGraph = withListener(null, () => traceBody('cond_true', thenBranch, { input: inputSpec }));
  const elseGraph = withListener(null, () => traceBody('cond_false', elseBranch, { input: inputSpec }));
  const spec = mergedSpec(bodySpec(thenGraph), bodySpec(elseGraph));
  const output = sampleOutput(tape, spec);
  tape.record({
    op: 'StatelessIf',
    attributes: {
      Tcond: attr.type(dataTypeOf('bool')),
      Tin: attr.types([dataTypeOf(inputSpec.dtype)]),
      Tout: attr.types([dataTypeOf(spec.dtype)]),
      then_branch: attr.func(thenGraph.name),
      else_branch: attr.func(elseGraph.name),
      output_shapes: attr.shapes([spec.sizes]),
    },
    inputs: [predicate, input],
    outputs: [output],
    functions: [thenGraph, elseGraph],
  });
  return output;
}

/** The single result of a body or branch. @throws SignetError `NOT_TRACEABLE` for one that uses a variable. */
export function bodySpec(graph: ConcreteFunction): TensorSpec {
  const [variable] = graph.captures;
  if (variable) {
    throw new SignetError(
      'NOT_TRACEABLE',
      `The body ${graph.name} uses the variable "${variable.name}". Use variables outside of mapFn and cond.`,
    );
  }
  const [output] = graph.outputs;
  if (!output) throw new SignetError('NOT_TRACEABLE', `The body ${graph.name} returns nothing.`);
  return output.spec;
}

/** A made-up tensor of the spec's type, with sizes that only a call knows, for what follows on the tape. */
export function sampleOutput(tape: Tape, spec: TensorSpec): tf.Tensor {
  const shape = (spec.sizes ?? []).map((size) => (size === -1 ? tape.freshSize() : size));
  return withListener(null, () => sampleTensor(spec, shape));
}

function mergedSpec(a: TensorSpec, b: TensorSpec): TensorSpec {
  if (a.dtype !== b.dtype || a.shape?.length !== b.shape?.length) {
    throw new SignetError(
      'NOT_TRACEABLE',
      `Both branches of cond return the same type and rank. Received: ${a} and ${b}.`,
    );
  }
  return tensorSpec(a.dtype, a.shape?.map((size, axis) => (size === b.shape?.[axis] ? size : null)) ?? null);
}
