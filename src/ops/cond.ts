import { SignetError } from '../errors.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { dataTypeName } from '../tensorflow/data-type.js';
import type * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { type Body, traceBody } from '../tracing/body.js';
import { CapturedTensors } from '../tracing/captured-tensors.js';
import { currentTape, type Tape } from '../tracing/tape.js';
import { sampleOfType, type TfFunctionResult } from '../tracing/trace.js';
import { checkSameNames, flatten, unflatten } from './flat-result.js';
import { drawingBodies } from './random-step.js';

/**
 * `thenBranch()` where `predicate` is true, else `elseBranch()`: in a graph, decided when the graph runs.
 *
 * @param predicate bool scalar.
 * @param thenBranch May use any tensor or variable of its surroundings, but must not assign variables. Both branches return a tensor, or tensors by
 *   the same names, of the same types and ranks.
 * @throws SignetError `NOT_TRACEABLE` while tracing, when the branches do not fit.
 */
export function cond<Result extends TfFunctionResult>(
  predicate: tf.Tensor,
  thenBranch: () => Result,
  elseBranch: () => Result,
): Result {
  const tape = currentTape();
  const inBranch = drawingBodies();
  const branches = [thenBranch, elseBranch].map((branch) => () => inBranch(null, branch)) as [
    () => Result,
    () => Result,
  ];
  if (tape) return recordCond(tape, predicate, ...branches);
  return predicate.dataSync()[0] ? branches[0]() : branches[1]();
}

function recordCond<Result extends TfFunctionResult>(
  tape: Tape,
  predicate: tf.Tensor,
  thenBranch: () => Result,
  elseBranch: () => Result,
): Result {
  const captured = new CapturedTensors(tape);
  const [thenBody, thenNames] = traceBranch('then_branch', thenBranch, captured);
  const [elseBody, elseNames] = traceBranch('else_branch', elseBranch, captured);
  checkSameNames('Both branches of cond', thenNames, elseNames);
  const outputs = thenBody.results.map((result, i) =>
    outputOf(tape, thenBody, elseBody, result, elseBody.results[i], i),
  );
  const types = thenBody.resultTypes;
  tape.record({
    op: 'StatelessIf',
    attributes: {
      Tin: attr.types(captured.values.map(({ node, output }) => node.outputs[output]?.dataType ?? 0)),
      Tout: attr.types(types),
    },
    inputs: [predicate, ...captured.values],
    outputs,
    bodies: [thenBody, elseBody],
  });
  return unflatten(thenNames, outputs) as Result;
}

function traceBranch(attribute: string, branch: () => TfFunctionResult, captured: CapturedTensors) {
  let names: string[] | null = null;
  const fn = () => {
    const flat = flatten(branch());
    names = flat.names;
    return flat.tensors;
  };
  const body = traceBody({ attribute, inputs: [], captured, fn });
  return [body, names as string[] | null] as const;
}

/** A made-up result. A size in which the branches differ is one that only a call knows. */
function outputOf(
  tape: Tape,
  thenBody: Body,
  elseBody: Body,
  a: tf.Tensor,
  b: tf.Tensor | undefined,
  position: number,
): tf.Tensor {
  const type = thenBody.resultTypes[position] ?? 0;
  const otherType = elseBody.resultTypes[position];
  if (!b || type !== otherType || a.rank !== b.rank) {
    const other = b ? `${dataTypeName(otherType ?? 0)}[${b.shape.join(', ')}]` : 'nothing';
    throw new SignetError(
      'NOT_TRACEABLE',
      `Both branches of cond return the same types and ranks. Received for result ${position}: ` +
        `${dataTypeName(type)}[${a.shape.join(', ')}] and ${other}.`,
    );
  }
  const shape = a.shape.map((size, axis) => {
    const fresh = tape.freshSize();
    return size === b.shape[axis] ? size : fresh;
  });
  return withListener(null, () => sampleOfType(type, shape));
}
