import { toBinary } from '@bufbuild/protobuf';

import { ExampleSchema } from '../../tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { joinExamples } from '../examples/join-examples.js';
import { checkRows, defaultMaxTensorBytes, type SizeLimits } from '../limits/check-size.js';

/**
 * Reads the tf.Examples of a request, in serialized form.
 *
 * @returns string [n], n > 0
 * @throws ServingError like `joinExamples`.
 */
export function readExamples(
  input: Input | undefined,
  { maxRows, maxTensorBytes: maxBytes = defaultMaxTensorBytes }: SizeLimits,
): TensorValue {
  const { examples = [] } = input?.kind.value ?? {};
  checkRows(examples.length, maxRows);
  const context = input?.kind.case === 'exampleListWithContext' ? input.kind.value.context : undefined;
  const first = context ? toBinary(ExampleSchema, context) : new Uint8Array();
  return joinExamples(
    first,
    examples.map((example) => toBinary(ExampleSchema, example)),
    maxBytes,
  );
}
