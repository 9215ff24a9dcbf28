import { SignetError } from '../errors.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import type { CapturedTensors } from './captured-tensors.js';
import { Tape } from './tape.js';
import type { Trace } from './trace.js';

/** An argument of a body: what it is on the tape, and a made-up tensor to trace it with. */
export interface BodyInput {
  readonly name: string;
  readonly dataType: DataType;
  readonly sample: tf.Tensor;
}

/**
 * A body or branch of an op, traced once in each trace of the function around it; all traces are emitted together, so that
 * a size from outside is explained inside too.
 */
export interface Body {
  /** The attribute of the op that names the function, such as `then_branch`. */
  readonly attribute: string;
  readonly inputs: readonly BodyInput[];
  readonly captured: CapturedTensors;
  /** Whether what it captured follows its results, as the body of a loop must pass it on. */
  readonly returnsCaptured: boolean;
  readonly trace: Trace;
  /** What the traced run returned. */
  readonly results: readonly tf.Tensor[];
}

/** What `traceBody` traces. */
export interface BodyFunction extends Pick<Body, 'attribute' | 'inputs' | 'captured'> {
  readonly fn: (...args: tf.Tensor[]) => readonly tf.Tensor[];
  readonly returnsCaptured?: boolean;
}

/** Runs a body once on its samples and records it. @throws SignetError `NOT_TRACEABLE`. */
export function traceBody({ fn, returnsCaptured = false, ...body }: BodyFunction): Body {
  const { outer } = body.captured;
  const tape = new Tape(outer.trace, outer.sizes, body.captured);
  for (const { name, dataType, sample } of body.inputs) tape.addArgument(name, dataType, sample);
  const results = withListener(tape, () => fn(...body.inputs.map(({ sample }) => sample)));
  checkResults(body.attribute, results);
  const [assigned] = tape.assignments();
  if (assigned) {
    throw new SignetError(
      'NOT_TRACEABLE',
      `The ${body.attribute} assigns the variable "${assigned.variable.name}". Return the value, and assign it outside.`,
    );
  }
  const outputs = results.map((result, i) => [`result_${i}`, tape.valueOf(result)] as const);
  return { ...body, returnsCaptured, results, trace: { tape, outputs, assignments: [], returnsOneTensor: false } };
}

/** A function in JavaScript may return anything. */
function checkResults(attribute: string, results: readonly unknown[]): void {
  if (results.length > 0 && results.every((result) => result instanceof tf.Tensor)) return;
  const received = results.length === 0 ? 'nothing' : results.map((result) => typeof result).join(', ');
  throw new SignetError('NOT_TRACEABLE', `The ${attribute} returns tensors. Received: ${received}.`);
}
