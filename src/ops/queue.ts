import { dataTypeOf } from '../tensorflow/data-type.js';
import type * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { type Handle, recordHandle, requireTape, sampleOf } from './dataset.js';

/** More than will ever wait in it, so that putting something in never blocks. */
const capacity = 2 ** 31 - 1;

/**
 * The queue of a name, of which a session has one, for tensors of strings: one function of a graph puts them in, another takes
 * them out.
 */
export function namedQueue(name: string): Handle {
  return recordHandle(
    'FIFOQueueV2',
    {
      component_types: attr.types([dataTypeOf('string')]),
      shapes: attr.shapes([]),
      capacity: attr.int(capacity),
      container: attr.string(''),
      shared_name: attr.string(name),
    },
    [],
  );
}

/** Puts strings at the end of a queue. */
export function enqueue(queue: Handle, strings: tf.Tensor): void {
  const attributes = { Tcomponents: attr.types([dataTypeOf('string')]), timeout_ms: attr.int(-1) };
  const inputs = [queue, ownStrings(strings)];
  requireTape('enqueue').record({ op: 'QueueEnqueueV2', attributes, inputs, outputs: [] });
}

/**
 * Takes the first tensor out of a queue; waits for one without occupying a thread.
 *
 * @param shape Its sizes, null for unknown.
 */
export function dequeue(queue: Handle, shape: readonly (number | null)[]): tf.Tensor {
  const tape = requireTape('dequeue');
  const output = sampleOf(tape, tensorSpec('string', shape));
  const attributes = { component_types: attr.types([dataTypeOf('string')]), timeout_ms: attr.int(-1) };
  tape.record({ op: 'QueueDequeueV2', attributes, inputs: [queue], outputs: [output] });
  return output;
}

/**
 * A copy that belongs to TensorFlow. The strings of a tensor made in JavaScript are freed when JavaScript disposes of it, but not while a queue
 * shares them (`DeleteTensor` in tfjs_backend.cc).
 */
function ownStrings(strings: tf.Tensor): tf.Tensor {
  const tape = requireTape('enqueue');
  const output = sampleOf(tape, tensorSpec('string', strings.shape));
  tape.record({ op: 'StringJoin', attributes: { separator: attr.string('') }, inputs: [strings], outputs: [output] });
  return output;
}
