import { SignetError } from '../../errors.js';
import { dataTypeName, dtypeOf } from '../../tensorflow/data-type.js';
import type { TensorProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';

/** What a warmup record may hold in one tensor; the file itself cannot be larger, but a single value stands for many. */
const maxElements = 2 ** 28;

/**
 * A tensor of a warmup record, in either encoding: raw bytes, or typed values of which the last stands for the rest.
 *
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export function warmupTensor(name: string, proto: TensorProto): TensorValue {
  const dtype = dtypeOf(proto.dtype);
  const shape = (proto.tensorShape?.dim ?? []).map(({ size }) => Number(size));
  const count = sizeFromShape(shape);
  if (dtype === null) throw invalid(name, `is of ${dataTypeName(proto.dtype)}, which Signet does not carry`);
  if (shape.some((size) => size < 0) || count > maxElements) throw invalid(name, `has the shape [${shape.join(', ')}]`);
  const values = proto.tensorContent.length > 0 ? rawValues(proto) : typedValues(proto, count);
  if (values.length !== count) throw invalid(name, `has ${values.length} values for the shape [${shape.join(', ')}]`);
  return { dtype, shape, values };
}

function invalid(name: string, what: string): SignetError {
  return new SignetError('INVALID_SAVED_MODEL', `A warmup record's input "${name}" ${what}.`);
}

function rawValues({ dtype, tensorContent }: TensorProto): ElementValues {
  const { buffer } = new Uint8Array(tensorContent);
  const whole = (size: number) => buffer.slice(0, buffer.byteLength - (buffer.byteLength % size));
  if (dtype === DataType.DT_FLOAT) return new Float32Array(whole(4));
  if (dtype === DataType.DT_INT32) return new Int32Array(whole(4));
  if (dtype === DataType.DT_INT64) return new BigInt64Array(whole(8));
  return dtype === DataType.DT_STRING ? [] : new Uint8Array(buffer);
}

function typedValues(proto: TensorProto, count: number): ElementValues {
  const fill = <V>(values: readonly V[], none: V) =>
    Array.from({ length: Math.max(count, values.length) }, (_, i) => values[i] ?? values.at(-1) ?? none);
  if (proto.dtype === DataType.DT_FLOAT) return Float32Array.from(fill(proto.floatVal, 0));
  if (proto.dtype === DataType.DT_INT32) return Int32Array.from(fill(proto.intVal, 0));
  if (proto.dtype === DataType.DT_INT64) return BigInt64Array.from(fill(proto.int64Val, 0n));
  if (proto.dtype === DataType.DT_UINT8) return Uint8Array.from(fill(proto.intVal, 0));
  if (proto.dtype === DataType.DT_BOOL) return Uint8Array.from(fill(proto.boolVal, false), Number);
  return fill(proto.stringVal, new Uint8Array());
}
