import { SignetError } from '../errors.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import type { CapturedTensors } from './captured-tensors.js';
import { Tape } from './tape.js';
import type { RecordedBody } from './tape-nodes.js';

/** An argument of a body: what it is on the tape, and a made-up tensor to trace it with. */
export interface BodyInput {
  readonly name: string;
  readonly dataType: DataType;
  readonly sample: tf.Tensor;
}

/** A body of an op, just traced. */
export interface Body extends RecordedBody {
  /** What the traced run returned. */
  readonly results: readonly tf.Tensor[];
  /** The element types of the results in the graph. */
  readonly resultTypes: readonly DataType[];
}

/** What `traceBody` traces. */
export interface BodyFunction {
  readonly attribute: string;
  readonly inputs: readonly BodyInput[];
  readonly captured: CapturedTensors;
  readonly fn: (...args: tf.Tensor[]) => readonly tf.Tensor[];
  readonly returnsCaptured?: boolean;
}

/** Runs a body once on its samples and records it. @throws SignetError `NOT_TRACEABLE`. */
export function traceBody({ fn, returnsCaptured = false, attribute, inputs, captured }: BodyFunction): Body {
  const { outer } = captured;
  const tape = new Tape(outer.trace, outer.sizes, captured);
  for (const { name, dataType, sample } of inputs) tape.addArgument(name, dataType, sample);
  const results = withListener(tape, () => fn(...inputs.map(({ sample }) => sample)));
  checkResults(attribute, results);
  const [assigned] = tape.assignments();
  if (assigned) {
    throw new SignetError(
      'NOT_TRACEABLE',
      `The ${attribute} assigns the variable "${assigned.variable.name}". Return the value, and assign it outside.`,
    );
  }
  const outputs = results.map((result, i) => [`result_${i}`, tape.valueOf(result)] as const);
  const without = { assignments: [], updatesVariables: false, returnsOneTensor: false, madeUpSizes: false };
  const trace = { nodes: tape.nodes, outputs, ...without };
  const resultTypes = results.map((result) => tape.dataTypeOf(result));
  return { attribute, inputs, captured, returnsCaptured, results, resultTypes, trace };
}

/** A function in JavaScript may return anything. */
function checkResults(attribute: string, results: readonly unknown[]): void {
  if (results.length > 0 && results.every((result) => result instanceof tf.Tensor)) return;
  const received = results.length === 0 ? 'nothing' : results.map((result) => typeof result).join(', ');
  throw new SignetError('NOT_TRACEABLE', `The ${attribute} returns tensors. Received: ${received}.`);
}
