import { SignetError } from '../errors.js';
import type * as tf from '../tensorflow/tf.js';
import type { Attributes } from '../tracing/op-signature.js';
import { currentTape } from '../tracing/tape.js';

/** Whether variables can be updated in place: while tracing, outside of bodies, those that are older than the trace and were not assigned. */
export function canUpdateInPlace(variables: readonly tf.Variable[]): boolean {
  const tape = currentTape();
  return tape !== null && variables.every((variable) => tape.handleOf(variable) !== null);
}

/**
 * In a graph, gives variables new values by one op of TensorFlow that takes them first, such as `ResourceApplyAdam`: in place, whereas an assignment
 * would take memory of its own, and a pass over it for each op of the formula.
 *
 * Only while tracing, see `canUpdateInPlace`: TensorFlow's ops cannot update TF.js's own variables.
 *
 * @param inputs What the op takes after the variables.
 * @throws SignetError `NOT_TRACEABLE` where it is not possible.
 */
export function updateInPlace(
  op: string,
  attributes: Attributes,
  variables: readonly tf.Variable[],
  inputs: readonly tf.Tensor[],
): void {
  if (currentTape()?.recordUpdate(op, attributes, variables, inputs) === true) return;
  throw new SignetError(
    'NOT_TRACEABLE',
    `${op} updates variables in place, which is only possible while tracing, outside of bodies, and for variables that are older than the ` +
      'trace and were not assigned.',
  );
}
