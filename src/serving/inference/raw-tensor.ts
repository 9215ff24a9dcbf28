import { contentBytes, contentValues } from '../../saved-model/read/tensor-proto-value.js';
import type { DType } from '../../tensorflow/data-type.js';
import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import { refuse } from '../serving-error.js';
import { rawElementBytes } from './datatype.js';

/*
 * Tensors as raw bytes: elements in little-endian order, one after the other; a string is its length in four bytes, and then itself.
 * So they are in the binary extension of HTTP, and in `raw_input_contents` of gRPC.
 */

/**
 * Reads elements from raw bytes; the result may be a view of them.
 *
 * @param name Name of the input, for messages.
 * @param count Number of elements of the shape.
 * @throws ServingError `INVALID_ARGUMENT` for another number of bytes.
 */
export function readRaw(name: string, dtype: DType, bytes: Uint8Array, count: number): ElementValues {
  if (dtype === 'string') return readStrings(name, bytes, count);
  const expected = count * (rawElementBytes(dtype) ?? 0);
  if (bytes.length !== expected) {
    refuse(
      `The input "${name}" has ${bytes.length} raw bytes. Expected: ${expected} for the ${count} elements of its shape.`,
    );
  }
  return contentValues(dtype, bytes, count);
}

/** Number of bytes that `writeRaw` returns. */
export function rawBytes({ dtype, shape, values }: TensorValue): number {
  if (dtype !== 'string') return sizeFromShape(shape) * (rawElementBytes(dtype) ?? 0);
  return (values as readonly Uint8Array[]).reduce((sum, { length }) => sum + 4 + length, 0);
}

/** Writes elements as raw bytes. */
export function writeRaw({ dtype, shape, values }: TensorValue): Uint8Array {
  if (dtype !== 'string') return contentBytes(dtype, values);
  const strings = values as readonly Uint8Array[];
  const bytes = Buffer.alloc(rawBytes({ dtype, shape, values }));
  let at = 0;
  for (const string of strings) {
    bytes.writeUInt32LE(string.length, at);
    bytes.set(string, at + 4);
    at += 4 + string.length;
  }
  return bytes;
}

function readStrings(name: string, bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const strings: Uint8Array[] = [];
  let at = 0;
  while (at + 4 <= bytes.length && strings.length < count) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) break;
    strings.push(bytes.subarray(at + 4, end));
    at = end;
  }
  if (strings.length === count && at === bytes.length) return strings;
  const what = 'each its length in four bytes, little-endian, and then itself';
  return refuse(`The raw bytes of the input "${name}" are not ${count} strings, ${what}.`);
}
