import { toBinary } from '@bufbuild/protobuf';

import { ExampleSchema } from '../../tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { ServingError } from '../serving-error.js';

/**
 * The tf.Examples of a request, serialized, as classify and regress signatures take them.
 *
 * A context stands before each example: parsers of protobuf merge the two, and the example's features win.
 * Source: `InputToSerializedExampleTensor` in tensorflow_serving/servables/tensorflow/util.cc.
 *
 * @param maxBytes How much memory they may take; a context is there once for every example.
 * @returns string [n], n > 0
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function readExamples(input: Input | undefined, maxBytes: number): TensorValue {
  const { examples = [] } = input?.kind.value ?? {};
  if (examples.length === 0) throw new ServingError('INVALID_ARGUMENT', 'Input is empty.');
  const context = input?.kind.case === 'exampleListWithContext' ? input.kind.value.context : undefined;
  const first = context ? toBinary(ExampleSchema, context) : new Uint8Array();
  if (first.length * examples.length > maxBytes) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Input is too large: its context is ${first.length} bytes for each of ${examples.length} examples.`,
    );
  }
  const values = examples.map((example) => {
    const bytes = toBinary(ExampleSchema, example);
    return first.length === 0 ? bytes : Buffer.concat([first, bytes]);
  });
  return { dtype: 'string', shape: [values.length], values };
}
