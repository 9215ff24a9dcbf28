import { tfjsDtype } from '../../tensorflow/data-type.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { fewestQuantized, halvesOf, type Quantization } from '../quantization.js';

/** An entry of `weightsManifest`; source: `WeightsManifestEntry` in tfjs-core's io/types.ts. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: {
    readonly dtype: string;
    readonly min?: number;
    readonly scale?: number;
    readonly original_dtype?: string;
  };
}

/** Encodes a constant for a file of weights. */
export function encodeWeight(
  name: string,
  value: TensorValue,
  quantization: Quantization,
): { entry: WeightEntry; bytes: Uint8Array } {
  const entry = { name, shape: value.shape, dtype: tfjsDtype(value.dtype) };
  const { values } = value;
  if (values instanceof Float32Array && values.length >= fewestQuantized && quantization !== 'none') {
    return quantization === 'float16' ? asHalf(entry, values) : asBytes(entry, values);
  }
  return { entry, bytes: plain(value) };
}

function plain({ dtype, values }: TensorValue): Uint8Array {
  if (!ArrayBuffer.isView(values)) return lengthPrefixed(values);
  if (values instanceof BigInt64Array) return bytesOf(Int32Array.from(values, Number));
  return bytesOf(dtype === 'uint8' ? Int32Array.from(values as Uint8Array) : values);
}

/** Each string after its length in 4 bytes; source: `encodeWeights` in tfjs-core's io_utils.ts. */
function lengthPrefixed(values: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(values.flatMap((each) => [bytesOf(Uint32Array.of(each.length)), each]));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function asHalf(entry: WeightEntry, values: Float32Array) {
  const quantization = { dtype: 'float16', original_dtype: 'float32' };
  return { entry: { ...entry, quantization }, bytes: bytesOf(halvesOf(values)) };
}

/** Zero must be a step, since padding is zero; source: `affine_quantization` in tfjs's quantization.py. */
function asBytes(entry: WeightEntry, values: Float32Array) {
  const min = values.reduce((a, b) => Math.min(a, b), 0);
  const max = values.reduce((a, b) => Math.max(a, b), 0);
  const scale = max === min ? 1 : (max - min) / 255;
  const zero = Math.round(-min / scale);
  const start = -zero * scale;
  const bytes = new Uint8Array(values.length);
  values.forEach((value, i) => (bytes[i] = Math.min(255, Math.max(0, Math.round((value - start) / scale)))));
  return { entry: { ...entry, quantization: { dtype: 'uint8', min: start, scale } }, bytes };
}
