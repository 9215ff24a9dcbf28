import { create } from '@bufbuild/protobuf';

import { dataTypeName } from '../tensorflow/data-type.js';
import { type AttrValue, AttrValueSchema } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { shapeProto } from './attr-value.js';
import type { ConstantValues } from './tape-nodes.js';

/** Constants up to this many bytes are shared when they are equal; comparing larger ones costs more than it saves. */
const shareUpToBytes = 1024;

/**
 * A constant as the `value` attribute of a Const node, and a key that equal small constants have in common (null for a
 * large one).
 *
 * Source: `TensorProto` in tensorflow/core/framework/tensor.proto; `tensor_content` is little-endian, in C order.
 */
export function tensorAttribute(
  dataType: DataType,
  shape: readonly number[],
  values: ConstantValues,
): { readonly attribute: AttrValue; readonly key: string | null } {
  const isString = dataType === DataType.DT_STRING;
  const bytes = isString ? Buffer.concat(values as Uint8Array[]) : elementBytes(dataType, values);
  const content = isString ? { stringVal: [...(values as Uint8Array[])] } : { tensorContent: bytes };
  const tensor = { dtype: dataType, tensorShape: shapeProto(shape), ...content };
  const lengths = isString ? (values as Uint8Array[]).map(({ length }) => length) : [];
  const key = [dataType, shape, lengths, Buffer.from(bytes).toString('base64')].join('|');
  return {
    attribute: create(AttrValueSchema, { value: { case: 'tensor', value: tensor } }),
    key: bytes.length <= shareUpToBytes ? key : null,
  };
}

/** Elements as TensorFlow lays them out in memory. */
export function elementBytes(dataType: DataType, values: ConstantValues): Uint8Array {
  const array = typedArray(dataType, values as ArrayLike<number>);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function typedArray(dataType: DataType, values: ArrayLike<number>) {
  switch (dataType) {
    case DataType.DT_FLOAT:
      return Float32Array.from(values);
    case DataType.DT_INT32:
      return Int32Array.from(values);
    case DataType.DT_INT64:
      return BigInt64Array.from(Array.from(values), BigInt);
    case DataType.DT_BOOL:
    case DataType.DT_UINT8:
      return Uint8Array.from(values);
    default:
      throw new Error(`No constant of type ${dataTypeName(dataType)} can come from TF.js.`);
  }
}
