import { sizeFromShape } from '../../../tracing/tensor-spec.js';
import type { TensorValue } from '../../../tensorflow/tensor-value.js';
import { refuse } from '../../serving-error.js';
import type { PredictFormat } from './read-predict-body.js';
import { writeFloat } from './write-number.js';

type Outputs = Readonly<Record<string, TensorValue>>;

/**
 * Writes the answer to a predict request: `{"predictions": [...]}`, an element for every row of the outputs, or
 * `{"outputs": ...}`. One output stands there by itself, several are objects by name.
 *
 * Strings are text, or `{"b64": ...}` where the output's name ends in `_bytes`; bytes that are no UTF-8 become U+FFFD in text.
 *
 * Source of rules and texts: tensorflow_serving/util/json_tensor.cc, `MakeJsonFromTensors`.
 *
 * @throws ServingError `INVALID_ARGUMENT` for outputs without rows that go together, when rows are asked for.
 */
export function writeOutputs(outputs: Outputs, format: PredictFormat): string {
  return [...outputPieces(outputs, format)].join('');
}

/** The same, a row or an element of the first dimension at a time. */
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

/** A whole tensor. */
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

function elementWriter(name: string, { dtype, values }: TensorValue): (position: number) => string {
  switch (dtype) {
    case 'float32':
      return (position) => writeFloat(values[position] as number);
    case 'bool':
      return (position) => String(values[position] !== 0);
    case 'string':
      return (position) => {
        const bytes = Buffer.from(values[position] as Uint8Array);
        if (!name.endsWith('_bytes')) return JSON.stringify(bytes.toString());
        return `{"b64": "${bytes.toString('base64')}"}`;
      };
    default:
      return (position) => String(values[position]);
  }
}

function member(name: string, text: string): string {
  return `${JSON.stringify(name)}: ${text}`;
}
