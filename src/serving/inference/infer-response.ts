import { create, toBinary } from '@bufbuild/protobuf';

import {
  InferTensorContentsSchema,
  ModelInferResponseSchema,
} from '../../tensorflow/protos/inference/open_inference_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { contentsField, datatypeOf } from './datatype.js';
import { writeRaw } from './raw-tensor.js';

/** Content of a ModelInferResponse in addition to its tensors. */
export interface InferAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  /** Whether the tensors are sent as raw bytes, as the request's were. */
  readonly isRaw: boolean;
}

/** Writes a ModelInferResponse: as raw bytes if that was requested, or if a type has no other form. */
export function writeInferResponse(
  { modelName, modelVersion, id, isRaw }: InferAnswer,
  outputs: Readonly<Record<string, TensorValue>>,
): Uint8Array {
  const entries = Object.entries(outputs);
  const asRaw = isRaw || entries.some(([, { dtype }]) => contentsField(dtype) === null);
  const response = create(ModelInferResponseSchema, {
    modelName,
    modelVersion,
    id,
    outputs: entries.map(([name, value]) => ({
      name,
      datatype: datatypeOf(value.dtype),
      shape: value.shape.map(BigInt),
      contents: asRaw ? undefined : contentsOf(value),
    })),
    rawOutputContents: asRaw ? entries.map(([, value]) => new Uint8Array(writeRaw(value))) : [],
  });
  return toBinary(ModelInferResponseSchema, response);
}

function contentsOf({ dtype, values }: TensorValue) {
  const field = contentsField(dtype);
  const list = dtype === 'bool' ? Array.from(values as Uint8Array, (value) => value !== 0) : values;
  // The encoder only walks through the values: a typed array works as well as the array that the types ask for.
  return Object.assign(create(InferTensorContentsSchema), field && { [field]: list });
}
