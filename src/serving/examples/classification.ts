import type { MessageInitShape } from '@bufbuild/protobuf';

import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { dataTypeOf, type DType } from '../../tensorflow/data-type.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ClassificationResultSchema } from '../../tensorflow/protos/tensorflow_serving/apis/classification_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { ServingError } from '../serving-error.js';
import { type ExampleMethod, shapeText } from './example-method.js';

type Outputs = Readonly<Record<string, TensorValue>>;

/**
 * Finds the classes and scores of each tf.Example.
 *
 * Source of rules and texts: tensorflow_serving/servables/tensorflow/classifier.cc.
 */
export const classification: ExampleMethod<MessageInitShape<typeof ClassificationResultSchema>> = {
  name: 'classification',
  methodName: 'tensorflow/serving/classify',
  wantedOutputs,
  readOutputs,
};

function wantedOutputs({ outputs }: Signature): string[] {
  const names = Object.keys(outputs);
  if (names.length !== 1 && names.length !== 2) {
    throw new ServingError('INVALID_ARGUMENT', `Expected one or two output Tensors, found ${names.length}`);
  }
  const wanted = names.filter((name) => name === 'classes' || name === 'scores');
  if (wanted.length > 0) return wanted;
  throw new ServingError(
    'FAILED_PRECONDITION',
    `Expected classification signature outputs to contain at least one of "classes" or "scores". Received: ${names.join(', ')}.`,
  );
}

function readOutputs(outputs: Outputs, count: number) {
  const { classes, scores } = outputs;
  if (classes) checkOutput('classes', 'string', classes, count);
  if (scores) checkOutput('scores', 'float32', scores, count);
  const [columns = 0, others = columns] = [classes, scores].flatMap((output) => (output ? [output.shape[1] ?? 0] : []));
  if (columns !== others) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Tensors class and score should match in dim_size(1). Got ${columns} vs. ${others}`,
    );
  }
  const classOf = (position: number) => ({
    ...(classes ? { label: Buffer.from((classes.values as Uint8Array[])[position] ?? []).toString() } : {}),
    ...(scores ? { score: (scores.values as Float32Array)[position] ?? 0 } : {}),
  });
  const rowOf = (row: number) => ({ classes: Array.from({ length: columns }, (_, i) => classOf(row * columns + i)) });
  return { classifications: Array.from({ length: count }, (_, row) => rowOf(row)) };
}

function checkOutput(name: string, expected: DType, { dtype, shape }: TensorValue, count: number): void {
  const refuse = (message: string) => {
    throw new ServingError('INVALID_ARGUMENT', message);
  };
  if (shape.length !== 2) refuse(`Expected Tensor shape: [batch_size num_classes] but got ${shapeText(shape)}`);
  if (dtype !== expected) {
    refuse(`Expected ${name} Tensor of ${DataType[dataTypeOf(expected)]}. Got: ${DataType[dataTypeOf(dtype)]}`);
  }
  if (shape[0] !== count) refuse(`Expected ${name} output batch size of ${count}. Got: ${shape[0]}`);
}
