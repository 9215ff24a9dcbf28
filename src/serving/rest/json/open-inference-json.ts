import type { Signature } from '../../../saved-model/read/read-saved-model.js';
import type { DType } from '../../../tensorflow/data-type.js';
import { sizeFromShape } from '../../../tracing/tensor-spec.js';
import type { TensorValue } from '../../../tensorflow/tensor-value.js';
import { checkRows, hasRows, type SizeLimits } from '../../limits/check-size.js';
import { refuse } from '../../serving-error.js';
import { decodeBase64 } from './decode-base64.js';
import { defaultMaxValues, type JsonTape } from './json-tape.js';
import { maxRank, shapeOf, TensorFiller } from './json-tensor.js';
import { parseBody, root } from './parse-body.js';
import { writeElement } from './write-outputs.js';

/*
 * Tensors of the Open Inference Protocol: `{"name", "shape", "datatype", "data"}`, the data flat or in nested lists, in row-major
 * order. BYTES are JSON strings, or base64 where the tensor's `parameters` say `"content_type": "base64"`, as MLServer has it;
 * outputs that are no UTF-8 are written so.
 *
 * Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
 */

/** The protocol has no complex numbers: their names are Signet's, and no tensor of them is carried. */
const datatypes: Readonly<Record<DType, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  float16: 'FP16',
  bfloat16: 'BF16',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  bool: 'BOOL',
  complex64: 'COMPLEX64',
  complex128: 'COMPLEX128',
  string: 'BYTES',
};

/** The protocol's name of a dtype. */
export function datatypeOf(dtype: DType): string {
  return datatypes[dtype];
}

/** Content of the body of an inference request. */
export interface InferBody {
  readonly id: string | undefined;
  readonly signatureName: string | undefined;
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Default: all. */
  readonly outputFilter: readonly string[] | undefined;
}

/**
 * @param findSignature Tells the inputs; throws for a name that there is not.
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function readInferBody(
  bytes: Buffer,
  findSignature: (name: string | undefined) => Pick<Signature, 'inputs' | 'outputs'>,
  { maxRows }: SizeLimits = {},
): InferBody {
  const tape = parseBody(bytes);
  const parameters = tape.member(root, 'parameters');
  const signatureName = parameters === undefined ? undefined : optionalString(tape, parameters, 'signature_name');
  const signature = findSignature(signatureName);
  const list = tape.member(root, 'inputs');
  if (list === undefined || !tape.isArray(list)) refuse('The request needs "inputs", a list of tensors.');
  const inputs = new Map<string, TensorValue>();
  for (const input of tape.elements(list)) {
    const name = requiredString(tape, input, 'name', 'An input');
    if (inputs.has(name)) refuse(`The input "${name}" is there twice.`);
    inputs.set(name, readTensor(tape, input, name, signature, hasRows(signature) ? maxRows : Infinity));
  }
  const outputs = tape.member(root, 'outputs');
  return {
    id: optionalString(tape, root, 'id'),
    signatureName,
    inputs: Object.fromEntries(inputs),
    outputFilter: outputs === undefined ? undefined : outputNames(tape, outputs),
  };
}

function outputNames(tape: JsonTape, outputs: number): string[] {
  if (!tape.isArray(outputs)) refuse('"outputs" is a list of objects with a "name".');
  return [...tape.elements(outputs)].map((output) => requiredString(tape, output, 'name', 'An output'));
}

function readTensor(
  tape: JsonTape,
  input: number,
  name: string,
  { inputs }: Pick<Signature, 'inputs'>,
  maxRows: number | undefined,
): TensorValue {
  const spec = Object.hasOwn(inputs, name) ? inputs[name]?.spec : undefined;
  // All faults of a tensor at once: each costs whoever mends them a request.
  const faults = [
    spec ? null : `There is no input "${name}". Expected: ${Object.keys(inputs).join(', ')}.`,
    wrongDatatype(tape, input, name, spec?.dtype),
    wrongShape(tape, input, name),
    tape.member(input, 'data') === undefined ? `The input "${name}" has no "data".` : null,
  ].filter((fault) => fault !== null);
  const data = tape.member(input, 'data');
  if (!spec || data === undefined || faults.length > 0) refuse(faults.join(' '));
  const { dtype } = spec;
  const shape = readShape(tape, input, name);
  const parameters = tape.member(input, 'parameters');
  const contentType = parameters === undefined ? undefined : optionalString(tape, parameters, 'content_type');
  const given = shapeOf(tape, data);
  const size = sizeFromShape(shape);
  const isFlat = given.length === 1 && given[0] === size;
  const isScalar = shape.length === 0 && given.length === 0;
  if (!isFlat && !isScalar && String(given) !== String(shape)) {
    refuse(
      `The data of "${name}" is of shape [${given.join(', ')}]. Expected: ${size} values for [${shape.join(', ')}].`,
    );
  }
  checkRows(shape[0] ?? 0, maxRows);
  const filler = new TensorFiller(dtype, Math.min(size, tape.length));
  filler.add(tape, data, given);
  const { values } = filler;
  if (contentType !== 'base64' || dtype !== 'string') return { dtype, shape, values };
  return { dtype, shape, values: (values as readonly Uint8Array[]).map((value) => decodeBase64(Buffer.from(value))) };
}

/** @param dtype What the signature expects; undefined where it has no such input. */
function wrongDatatype(tape: JsonTape, input: number, name: string, dtype: DType | undefined): string | null {
  const value = tape.member(input, 'datatype');
  if (value === undefined) return `The input "${name}" needs "datatype", a string.`;
  if (!tape.isString(value)) return `"datatype" is a string. Received: ${tape.shown(value)}.`;
  const datatype = tape.string(value);
  if (dtype !== undefined && datatype !== datatypeOf(dtype)) {
    return `The input "${name}" is ${datatypeOf(dtype)}. Received: ${datatype.slice(0, 20)}.`;
  }
  const isKnown = Object.values(datatypes).includes(datatype);
  return isKnown
    ? null
    : `There is no datatype ${datatype.slice(0, 20)}. Expected: ${Object.values(datatypes).join(', ')}.`;
}

function wrongShape(tape: JsonTape, input: number, name: string): string | null {
  const list = tape.member(input, 'shape');
  const sizes = list !== undefined && tape.isArray(list) ? [...tape.elements(list)] : null;
  const isGood = sizes?.every(
    (size) => tape.isInteger(size) && Number.isSafeInteger(tape.number(size)) && tape.number(size) >= 0,
  );
  if (isGood && sizes && sizes.length <= maxRank) return null;
  return `The input "${name}" needs a "shape", a list of at most ${maxRank} whole numbers from 0.`;
}

/** @param input One whose shape is not wrong. */
function readShape(tape: JsonTape, input: number, name: string): number[] {
  const list = tape.member(input, 'shape') ?? root;
  const shape = [...tape.elements(list)].map((size) => tape.number(size));
  // Bounded even where a size of 0 leaves nothing: no product of TensorFlow's may overflow.
  if (sizeFromShape(shape.map((size) => Math.max(size, 1))) > defaultMaxValues) {
    refuse(`The "shape" of the input "${name}" has more than ${defaultMaxValues} elements.`);
  }
  return shape;
}

/** How many values stand in one piece. */
const valuesOfPiece = 1024;

/**
 * Writes an answer, piece by piece.
 *
 * @param head What stands in it besides the outputs: the JSON of an object that has members.
 */
export function* inferPieces(
  head: string,
  outputs: Readonly<Record<string, TensorValue>>,
): Generator<string, void, void> {
  yield `${head.slice(0, -1)},"outputs":[`;
  for (const [i, [name, value]] of Object.entries(outputs).entries()) {
    if (i > 0) yield ',';
    yield* tensorPieces(name, value);
  }
  yield ']}';
}

function* tensorPieces(name: string, { dtype, shape, values }: TensorValue): Generator<string, void, void> {
  const texts = dtype === 'string' ? (values as readonly Uint8Array[]).map((value) => Buffer.from(value)) : [];
  const isText = texts.every((text) => Buffer.from(text.toString()).equals(text));
  const head = JSON.stringify({
    name,
    shape,
    datatype: datatypeOf(dtype),
    ...(!isText && { parameters: { content_type: 'base64' } }),
  });
  yield `${head.slice(0, -1)},"data":[`;
  for (let from = 0; from < values.length; from += valuesOfPiece) {
    const part = values.slice(from, from + valuesOfPiece) as ArrayLike<number | bigint | Uint8Array>;
    const data = Array.from(part, (value, i) => {
      if (dtype === 'string') return JSON.stringify(texts[from + i]?.toString(isText ? 'utf8' : 'base64'));
      return writeElement(dtype, value);
    });
    yield `${from > 0 ? ',' : ''}${data.join(',')}`;
  }
  yield ']}';
}

function requiredString(tape: JsonTape, object: number, key: string, what: string): string {
  return optionalString(tape, object, key) ?? refuse(`${what} needs "${key}", a string.`);
}

function optionalString(tape: JsonTape, object: number, key: string): string | undefined {
  const value = tape.member(object, key);
  if (value === undefined) return undefined;
  if (!tape.isString(value)) refuse(`"${key}" is a string. Received: ${tape.shown(value)}`);
  return tape.string(value);
}
