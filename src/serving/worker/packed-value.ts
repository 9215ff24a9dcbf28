import { layoutOf, type NumericDType, type TypedElements } from '../../tensorflow/data-type.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';

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
 * Packs tensors for another thread.
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
      return { dtype, shape, bytes: give(bytes), ends: give(ends) };
    }
    return { dtype, shape, values: give(isOwned && isWhole(values) ? values : copy(dtype, values)) };
  };
  return { values: Object.entries(values).map(([name, value]) => [name, pack(value)] as const), transfer };
}

/** The opposite of `packValues`. Strings are views of one buffer. */
export function unpackValues(packed: PackedValues): Record<string, TensorValue> {
  return Object.fromEntries(packed.map(([name, value]) => [name, unpack(value)]));
}

function unpack(value: PackedValue): TensorValue {
  const { dtype, shape } = value;
  if ('values' in value) return { dtype, shape, values: value.values };
  let start = 0;
  const strings = Array.from(value.ends, (end) => value.bytes.subarray(start, (start = end)));
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
  const buffer = isOwned ? bufferOf(strings, end) : undefined;
  if (buffer) return { bytes: new Uint8Array(buffer), ends };
  const bytes = new Uint8Array(end);
  strings.forEach((string, i) => bytes.set(string, (ends[i] ?? 0) - string.length));
  return { bytes, ends };
}

/** A buffer filled with strings, one after another. */
function bufferOf(strings: readonly Uint8Array[], length: number): ArrayBuffer | undefined {
  const buffer = strings[0]?.buffer;
  let end = 0;
  const areOne = strings.every((string) => {
    const isNext = string.buffer === buffer && string.byteOffset === end;
    end += string.length;
    return isNext;
  });
  return areOne && buffer instanceof ArrayBuffer && buffer.byteLength === length ? buffer : undefined;
}

/** Moving a part of a larger buffer, such as a message of gRPC, would move all of it. */
function isWhole({ buffer, byteLength }: TypedElements): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
}

/** `slice` of a Buffer would not copy. */
function copy(dtype: NumericDType, values: TypedElements): TypedElements {
  return new (layoutOf(dtype).array)(values);
}
