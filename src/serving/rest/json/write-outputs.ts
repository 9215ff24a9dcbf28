import { sizeFromShape } from '../../../tracing/tensor-spec.js';
import { dataTypeOf, type DType, tensorflowName } from '../../../tensorflow/data-type.js';
import type { ElementValues, TensorValue } from '../../../tensorflow/tensor-value.js';
import { refuse } from '../../serving-error.js';
import type { PredictFormat } from './read-predict-body.js';
import { writeDouble, writeFloat } from './write-number.js';

type Outputs = Readonly<Record<string, TensorValue>>;

/**
 * Writes the answer to a predict request: `{"predictions": [...]}`, an element for every row of the outputs, or
 * `{"outputs": ...}`. A single output appears there by itself, several are objects by name.
 *
 * Strings are text, or `{"b64": ...}` where the output's name ends in `_bytes`; bytes that are not UTF-8 become U+FFFD in text.
 *
 * Source of rules and texts: tensorflow_serving/util/json_tensor.cc, `MakeJsonFromTensors`.
 *
 * @throws ServingError `INVALID_ARGUMENT` if rows are requested and the outputs do not have the same number of rows.
 */
export function writeOutputs(outputs: Outputs, format: PredictFormat): string {
  return [...outputPieces(outputs, format)].join('');
}

/** The same in pieces: one row, or one element of the first dimension, at a time. */
export function* outputPieces(outputs: Outputs, format: PredictFormat): Generator<string, void, void> {
  const entries = Object.entries(outputs).map(([name, value]) => ({ name, value, write: elementWriter(name, value) }));
  const [only] = entries;
  if (!only) refuse('Cannot convert empty tensor map to JSON');
  if (format === 'columnar') {
    yield entries.length === 1 ? '{"outputs": ' : '{"outputs": {';
    for (const [i, each] of entries.entries()) {
      if (entries.length > 1) yield `${i > 0 ? ', ' : ''}${JSON.stringify(each.name)}: `;
      yield* elements(each);
    }
    yield entries.length === 1 ? '}' : '}}';
    return;
  }
  const rows = commonRows(outputs);
  yield '{"predictions": [';
  for (let row = 0; row < rows; row += 1) {
    if (row > 0) yield ', ';
    if (entries.length === 1) yield writeRow(only, row);
    else yield `{${entries.map((each) => member(each.name, writeRow(each, row))).join(', ')}}`;
  }
  yield ']}';
}

/** Writes a whole tensor. */
function* elements(output: Output): Generator<string, void, void> {
  const { shape } = output.value;
  const [length] = shape;
  if (length === undefined) {
    yield output.write(0);
    return;
  }
  const size = sizeFromShape(shape.slice(1));
  yield '[';
  for (let i = 0; i < length; i += 1) yield `${i > 0 ? ', ' : ''}${writeLists(output, 1, i * size, size)}`;
  yield ']';
}

interface Output {
  readonly name: string;
  readonly value: TensorValue;
  readonly write: (position: number) => string;
}

function commonRows(outputs: Outputs): number {
  let expected: number | undefined;
  for (const [name, { shape }] of Object.entries(outputs)) {
    const [rows] = shape;
    if (rows === undefined) refuse(`Tensor name: ${name} has no shape information `);
    expected ??= rows;
    if (rows !== expected) refuse(`Tensor name: ${name} has inconsistent batch size: ${rows} expecting: ${expected}`);
  }
  return expected ?? 0;
}

function writeRow(output: Output, row: number): string {
  const size = sizeFromShape(output.value.shape.slice(1));
  return writeLists(output, 1, row * size, size);
}

/** Values from a position on, in lists from a dimension on. */
function writeLists(output: Output, dimension: number, start: number, size: number): string {
  const { shape } = output.value;
  const length = shape[dimension];
  if (length === undefined) return output.write(start);
  const step = length === 0 ? 0 : size / length;
  const texts = Array.from({ length }, (_, i) => writeLists(output, dimension + 1, start + i * step, step));
  return `[${texts.join(', ')}]`;
}

type Writer = (value: ElementValues[number], name: string) => string;

const float: Writer = (value) => writeFloat(value as number);

/** Writers of elements; null for types that TensorFlow Serving does not write. */
const writers: Readonly<Record<DType, Writer | null>> = {
  float32: float,
  float64: (value) => writeDouble(value as number),
  float16: float,
  bfloat16: float,
  int8: String,
  int16: String,
  int32: String,
  int64: String,
  uint8: String,
  uint16: String,
  uint32: String,
  uint64: String,
  bool: (value) => String(value !== 0),
  complex64: null,
  complex128: null,
  string: (value, name) => {
    const bytes = Buffer.from(value as Uint8Array);
    return name.endsWith('_bytes') ? `{"b64": "${bytes.toString('base64')}"}` : JSON.stringify(bytes.toString());
  },
};

function elementWriter(name: string, { dtype, values }: TensorValue): (position: number) => string {
  return (position) => writeElement(dtype, values[position] ?? NaN, name);
}

/** Writes an element. @throws ServingError `INVALID_ARGUMENT` for a type that JSON cannot carry. */
export function writeElement(dtype: DType, value: ElementValues[number], name = ''): string {
  const write = writers[dtype];
  return write
    ? write(value, name)
    : refuse(`Failed to write JSON value for tensor type: ${tensorflowName(dataTypeOf(dtype))}`);
}

function member(name: string, text: string): string {
  return `${JSON.stringify(name)}: ${text}`;
}
