import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { ServingError } from '../serving-error.js';

/**
 * Serialized tf.Examples as classify and regress signatures take them, a context before each: parsers of protobuf merge the two, and the example's
 * features take precedence.
 *
 * Source: `InputToSerializedExampleTensor` in tensorflow_serving/servables/tensorflow/util.cc.
 *
 * @param context A serialized tf.Example; empty for none.
 * @param maxBytes Memory that they may take; a context occurs once for every example.
 * @returns string [n], n > 0
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function joinExamples(context: Uint8Array, examples: readonly Uint8Array[], maxBytes: number): TensorValue {
  if (examples.length === 0) throw new ServingError('INVALID_ARGUMENT', 'Input is empty.');
  if (context.length * examples.length > maxBytes) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Input is too large: its context is ${context.length} bytes for each of ${examples.length} examples.`,
    );
  }
  const values = context.length === 0 ? examples : examples.map((example) => Buffer.concat([context, example]));
  return { dtype: 'string', shape: [values.length], values };
}
