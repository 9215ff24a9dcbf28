import { backend, type TensorMetadata } from './backend.js';
import { dataTypeOf, type DType, dtypeOf, layoutOf, type NumericDType, type TypedElements } from './data-type.js';
import { DataType } from './protos/tensorflow/core/framework/types_pb.js';

/**
 * Elements in C order: 64-bit integers as bigints, bool as 0 and 1, float16 and bfloat16 as float32, complex numbers as real and
 * imaginary part one after the other, strings as bytes.
 */
export type ElementValues = TypedElements | readonly Uint8Array[];

/** A tensor as plain data, which can be sent between threads and put into messages as it is. */
export interface TensorValue {
  /** Type of the elements. */
  readonly dtype: DType;
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** Elements, in C order. */
  readonly values: ElementValues;
}

const { binding } = backend;

/** Types that the binding takes as they are; int64 as pairs of int32, of the same memory. */
const madeAsIs: ReadonlySet<DType> = new Set(['float32', 'int32', 'int64', 'uint8', 'bool', 'string']);

/** Makes a tensor of TensorFlow's from plain data, of exactly its type; the caller deletes it. */
export function createTensorId({ dtype, shape, values }: TensorValue): number {
  if (dtype === 'string' || madeAsIs.has(dtype)) {
    const given = values instanceof BigInt64Array ? viewOf(values, Int32Array) : values;
    return binding.createTensor([...shape], dataTypeOf(dtype), given as Int32Array);
  }
  const { dataType, bytes } = layoutOf(dtype);
  if (isShortFloat(dtype)) {
    const wide = binding.createTensor([...shape], DataType.DT_FLOAT, values as Float32Array);
    return deleting(wide, () => castId(wide, DataType.DT_FLOAT, dataType).id);
  }
  // Made as bytes, which another op then reinterprets.
  const sizes = bytes === 1 ? [...shape] : [...shape, bytes];
  const raw = binding.createTensor(sizes, DataType.DT_UINT8, viewOf(values as TypedElements, Uint8Array));
  return deleting(raw, () => bitcastId(raw, DataType.DT_UINT8, dataType).id);
}

/** Reads a tensor of TensorFlow's as plain data, and deletes it. */
export function takeTensorValue({ id, shape, dtype }: { id: number; shape: number[]; dtype: number }): TensorValue {
  return deleting(id, () => {
    const known = dtypeOf(dtype);
    if (known === null)
      throw new Error(`TensorFlow gave a tensor of type ${DataType[dtype]}, which Signet does not carry.`);
    return { dtype: known, shape, values: readValues(id, known) };
  });
}

function readValues(id: number, dtype: DType): ElementValues {
  // The binding cannot read uint8.
  if (dtype === 'string' || (madeAsIs.has(dtype) && dtype !== 'uint8')) return binding.tensorDataSync(id);
  const { dataType, bytes, array } = layoutOf(dtype);
  if (isShortFloat(dtype)) return readAs(castId(id, dataType, DataType.DT_FLOAT));
  if (bytes < 4) return new array(readAs(castId(id, dataType, DataType.DT_INT32)));
  return viewOf(readAs(bitcastId(id, dataType, DataType.DT_INT32)), array);
}

function readAs({ id }: TensorMetadata): TypedElements {
  return deleting(id, () => binding.tensorDataSync(id) as Int32Array);
}

function isShortFloat(dtype: NumericDType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** The same memory as elements of another type. */
function viewOf<View>(
  { buffer, byteOffset, byteLength }: TypedElements,
  View: { new (buffer: ArrayBufferLike, byteOffset: number, length: number): View; BYTES_PER_ELEMENT: number },
): View {
  return new View(buffer, byteOffset, byteLength / View.BYTES_PER_ELEMENT);
}

function deleting<T>(id: number, use: () => T): T {
  try {
    return use();
  } finally {
    binding.deleteTensor(id);
  }
}

/**
 * Casts a tensor of TensorFlow's that TF.js may have no type for; the caller deletes both.
 *
 * @param id The binding's number for the tensor.
 */
export function castId(id: number, from: DataType, to: DataType): TensorMetadata {
  return convert('Cast', id, [
    { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: from },
    { name: 'DstT', type: binding.TF_ATTR_TYPE, value: to },
    { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
  ]);
}

/**
 * Takes the memory of a tensor for elements of another type; the caller deletes both. Where these are smaller, the shape gets a
 * dimension more, and where they are larger it loses its last.
 */
export function bitcastId(id: number, from: DataType, to: DataType): TensorMetadata {
  return convert('Bitcast', id, [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: from },
    { name: 'type', type: binding.TF_ATTR_TYPE, value: to },
  ]);
}

function convert(op: string, id: number, attributes: Parameters<typeof binding.executeOp>[1]): TensorMetadata {
  const [converted] = binding.executeOp(op, attributes, [id], 1);
  if (!converted) throw new Error(`unreachable: ${op} has one output`);
  return converted;
}
