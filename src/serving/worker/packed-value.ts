import { layoutOf, type NumericDType, type TypedElements } from '../../tensorflow/data-type.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { sharedBufferOf, viewOf } from './shared-memory.js';

/** A TensorValue in the form sent between threads: many strings share one buffer, with the end of each, since every buffer has a cost. */
export type PackedValue = { readonly dtype: TensorValue['dtype']; readonly shape: readonly number[] } & (
  { readonly values: TypedElements } | { readonly bytes: Uint8Array; readonly ends: Float64Array }
);

/** Values by name, as pairs, since a name may be `__proto__`. */
export type PackedValues = readonly (readonly [name: string, value: PackedValue])[];

/** Arguments for `postMessage`: the values, and the memory that moves instead of being copied two more times. */
export interface Packing {
  readonly values: PackedValues;
  readonly transfer: ArrayBuffer[];
}

/**
 * Packs tensors for another thread. Those in shared memory stay where they are.
 *
 * @param isOwned Whether the caller gives their memory away; otherwise it is copied, once.
 */
export function packValues(values: Readonly<Record<string, TensorValue>>, isOwned: boolean): Packing {
  const transfer: ArrayBuffer[] = [];
  const give = <A extends TypedElements | Float64Array>(array: A): A => {
    transfer.push(array.buffer as ArrayBuffer);
    return array;
  };
  const pack = ({ dtype, shape, values }: TensorValue): PackedValue => {
    if (dtype === 'string' || isStrings(values)) {
      const { bytes, ends } = joinStrings(values as readonly Uint8Array[], isOwned);
      return { dtype, shape, bytes: sharedBufferOf(bytes) ? bytes : give(bytes), ends: give(ends) };
    }
    if (sharedBufferOf(values)) return { dtype, shape, values };
    return { dtype, shape, values: give(isOwned && isWhole(values) ? values : copy(dtype, values)) };
  };
  return { values: Object.entries(values).map(([name, value]) => [name, pack(value)] as const), transfer };
}

/**
 * The opposite of `packValues`. Strings are views of one buffer.
 *
 * @param memory The shared memory that this thread gave for the values: in a message it is another object. Default: it gave none.
 */
export function unpackValues(packed: PackedValues, memory?: SharedArrayBuffer): Record<string, TensorValue> {
  return Object.fromEntries(packed.map(([name, value]) => [name, unpackValue(value, memory)]));
}

/** The opposite for one value. */
export function unpackValue(value: PackedValue, memory?: SharedArrayBuffer): TensorValue {
  const { dtype, shape } = value;
  const own = <A extends TypedElements>(array: A) =>
    memory && sharedBufferOf(array) ? (viewOf(array, memory, array.byteOffset, array.length) as A) : array;
  if ('values' in value) return { dtype, shape, values: own(value.values) };
  let start = 0;
  const bytes = own(value.bytes);
  const strings = Array.from(value.ends, (end) => bytes.subarray(start, (start = end)));
  return { dtype, shape, values: strings };
}

export function isStrings(values: TensorValue['values']): values is readonly Uint8Array[] {
  return Array.isArray(values);
}

function joinStrings(
  strings: readonly Uint8Array[],
  isOwned: boolean,
): { readonly bytes: Uint8Array; readonly ends: Float64Array } {
  let end = 0;
  const ends = Float64Array.from(strings, ({ length }) => (end += length));
  const [first] = strings;
  if (first && areTogether(strings) && (sharedBufferOf(first) || (isOwned && isAll(first.buffer, end)))) {
    return { bytes: new Uint8Array(first.buffer, first.byteOffset, end), ends };
  }
  const bytes = new Uint8Array(end);
  strings.forEach((string, i) => bytes.set(string, (ends[i] ?? 0) - string.length));
  return { bytes, ends };
}

/** Whether strings are one after another in the same memory. */
function areTogether(strings: readonly Uint8Array[]): boolean {
  const { buffer, byteOffset: start = 0 } = strings[0] ?? {};
  let end = start;
  return strings.every((string) => {
    const isNext = string.buffer === buffer && string.byteOffset === end;
    end += string.length;
    return isNext;
  });
}

/** Whether a buffer, which can be moved, has nothing but this many bytes. */
function isAll(buffer: ArrayBufferLike, length: number): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength === length;
}

/** Moving a part of a larger buffer, such as a message of gRPC, would move all of it. */
function isWhole({ buffer, byteLength }: TypedElements): boolean {
  return isAll(buffer, byteLength);
}

/** `slice` of a Buffer would not copy. */
function copy(dtype: NumericDType, values: TypedElements): TypedElements {
  return new (layoutOf(dtype).array)(values);
}
