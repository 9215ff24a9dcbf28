import type { MessageInitShape } from '@bufbuild/protobuf';

import { dataTypeOf } from '../../tensorflow/data-type.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { RegressionResultSchema } from '../../tensorflow/protos/tensorflow_serving/apis/regression_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { ServingError } from '../serving-error.js';
import { type ExampleMethod, shapeText } from './example-method.js';

/**
 * Finds the number for each tf.Example.
 *
 * Source of rules and texts: tensorflow_serving/servables/tensorflow/regressor.cc.
 */
export const regression: ExampleMethod<MessageInitShape<typeof RegressionResultSchema>> = {
  name: 'regression',
  methodName: 'tensorflow/serving/regress',
  wantedOutputs,
  readOutputs,
};

function wantedOutputs({ outputs }: Signature): string[] {
  const names = Object.keys(outputs);
  if (names.length !== 1) throw new ServingError('INVALID_ARGUMENT', 'Expected one output Tensor.');
  if (names[0] === 'outputs') return names;
  throw new ServingError(
    'FAILED_PRECONDITION',
    `No regression outputs found in SignatureDef. Expected: outputs. Received: ${names.join(', ')}.`,
  );
}

function readOutputs({ outputs }: Readonly<Record<string, TensorValue>>, count: number) {
  const { dtype, shape, values } = outputs ?? { dtype: 'float32', shape: [], values: new Float32Array() };
  const refuse = (message: string) => {
    throw new ServingError('INVALID_ARGUMENT', message);
  };
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
    refuse(`Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ${shapeText(shape)}`);
  }
  if (shape[0] !== count) refuse(`Input batch size did not match output batch size: ${count} vs. ${shape[0]}`);
  if (dtype !== 'float32') refuse(`Expected output Tensor of DT_FLOAT.  Got: ${DataType[dataTypeOf(dtype)]}`);
  return { regressions: Array.from(values as Float32Array, (value) => ({ value })) };
}
