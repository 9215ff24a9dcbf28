import type { Signature } from '../../../saved-model/read/read-saved-model.js';
import type { DType } from '../../../tensorflow/data-type.js';
import { sizeFromShape } from '../../../tracing/tensor-spec.js';
import type { TensorValue } from '../../../tensorflow/tensor-value.js';
import { datatypeNames, datatypeOf, dtypeOfDatatype } from '../../inference/datatype.js';
import { rawBytes, readRaw, writeRaw } from '../../inference/raw-tensor.js';
import { checkRows, defaultMaxTensorBytes, hasRows, type SizeLimits, valueBytes } from '../../limits/check-size.js';
import { refuse } from '../../serving-error.js';
import { decodeBase64 } from './decode-base64.js';
import { defaultMaxValues, type JsonTape } from './json-tape.js';
import { maxRank, shapeOf, TensorFiller } from './json-tensor.js';
import { parseBody, root } from './parse-body.js';
import { writeElement } from './write-outputs.js';

/*
 * Tensors of the Open Inference Protocol: `{"name", "shape", "datatype", "data"}`, the data flat or in nested lists, in row-major
 * order. BYTES are JSON strings, or base64 where the tensor's `parameters` say `"content_type": "base64"`, as MLServer has it;
 * outputs that are not UTF-8 are written so.
 *
 * With the extension `binary_tensor_data`, tensors are raw bytes after the JSON, in the order in which they stand in it; the
 * parameter `binary_data_size` says how many a tensor has. Which outputs come so, `binary_data` of an output and `binary_data_output`
 * of the request say. Source of it: Triton's docs/protocol/extension_binary_data.md.
 *
 * Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
 */

/** Content of the body of an inference request. */
export interface InferBody {
  readonly id: string | undefined;
  readonly signatureName: string | undefined;
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Default: all. */
  readonly outputFilter: readonly string[] | undefined;
  /** Outputs that are requested as raw bytes, or all of them. */
  readonly rawOutputs: readonly string[] | 'all';
}

/**
 * @param findSignature Finds the inputs; throws for an unknown name.
 * @param jsonBytes Bytes of the JSON that raw tensors follow. Default: all of the body is JSON.
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function readInferBody(
  bytes: Buffer,
  findSignature: (name: string | undefined) => Pick<Signature, 'inputs' | 'outputs'>,
  limits: SizeLimits = {},
  jsonBytes?: number,
): InferBody {
  const { maxTensorBytes = defaultMaxTensorBytes } = limits;
  const raw = jsonBytes === undefined ? null : new RawParts(bytes.subarray(jsonBytes), maxTensorBytes);
  return parseBody(bytes.subarray(0, jsonBytes), (tape) => readTape(tape, findSignature, limits, raw));
}

function readTape(
  tape: JsonTape,
  findSignature: Parameters<typeof readInferBody>[1],
  { maxRows }: SizeLimits,
  raw: RawParts | null,
): InferBody {
  const parameters = tape.member(root, 'parameters');
  const signatureName = parameters === undefined ? undefined : optionalString(tape, parameters, 'signature_name');
  const signature = findSignature(signatureName);
  const list = tape.member(root, 'inputs');
  if (list === undefined || !tape.isArray(list)) refuse('The request needs "inputs", a list of tensors.');
  const inputs = new Map<string, TensorValue>();
  for (const input of tape.elements(list)) {
    const name = requiredString(tape, input, 'name', 'An input');
    if (inputs.has(name)) refuse(`The input "${name}" occurs twice.`);
    inputs.set(name, readTensor(tape, input, name, signature, hasRows(signature) ? maxRows : Infinity, raw));
  }
  raw?.checkEnd();
  const outputs = tape.member(root, 'outputs');
  return {
    id: optionalString(tape, root, 'id'),
    signatureName,
    inputs: Object.fromEntries(inputs),
    outputFilter: outputs === undefined ? undefined : outputsOf(tape, outputs).map(({ name }) => name),
    rawOutputs: rawOutputs(tape, parameters, outputs),
  };
}

function outputsOf(tape: JsonTape, outputs: number): { readonly name: string; readonly isRaw: boolean | undefined }[] {
  if (!tape.isArray(outputs)) refuse('"outputs" is a list of objects with a "name".');
  return [...tape.elements(outputs)].map((output) => ({
    name: requiredString(tape, output, 'name', 'An output'),
    isRaw: optionalBool(tape, tape.member(output, 'parameters'), 'binary_data'),
  }));
}

function rawOutputs(
  tape: JsonTape,
  parameters: number | undefined,
  outputs: number | undefined,
): InferBody['rawOutputs'] {
  const areAll = optionalBool(tape, parameters, 'binary_data_output') ?? false;
  if (outputs === undefined) return areAll ? 'all' : [];
  return outputsOf(tape, outputs).flatMap(({ name, isRaw }) => ((isRaw ?? areAll) ? [name] : []));
}

function optionalBool(tape: JsonTape, object: number | undefined, key: string): boolean | undefined {
  const value = object === undefined ? undefined : tape.member(object, key);
  if (value === undefined) return undefined;
  const kind = tape.kind(value);
  return kind === 'True' || kind === 'False'
    ? kind === 'True'
    : refuse(`"${key}" is true or false. Received: ${tape.shown(value)}`);
}

/** The raw bytes after the JSON, taken part by part. */
class RawParts {
  #at = 0;

  constructor(
    private readonly bytes: Buffer,
    readonly maxTensorBytes: number,
  ) {}

  take(name: string, length: number): Buffer {
    const end = this.#at + length;
    if (end > this.bytes.length) {
      const left = this.bytes.length - this.#at;
      refuse(
        `The input "${name}" should have ${length} raw bytes (binary_data_size). ${left} are left after the JSON.`,
      );
    }
    const part = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  checkEnd(): void {
    const left = this.bytes.length - this.#at;
    if (left > 0)
      refuse(`${left} raw bytes belong to no input: the binary_data_size of the inputs is ${this.#at} in all.`);
  }
}

function readTensor(
  tape: JsonTape,
  input: number,
  name: string,
  { inputs }: Pick<Signature, 'inputs'>,
  maxRows: number | undefined,
  raw: RawParts | null,
): TensorValue {
  const spec = Object.hasOwn(inputs, name) ? inputs[name]?.spec : undefined;
  const parameters = tape.member(input, 'parameters');
  const rawBytes = parameters === undefined ? undefined : tape.member(parameters, 'binary_data_size');
  const data = tape.member(input, 'data');
  // All faults of a tensor are reported at once, so that the client need not send another request for each.
  const faults = [
    spec ? null : noInput(name, Object.keys(inputs)),
    wrongDatatype(tape, input, name, spec?.dtype),
    wrongShape(tape, input, name),
    data === undefined && rawBytes === undefined ? `The input "${name}" has no "data".` : null,
  ].filter((fault) => fault !== null);
  if (!spec || faults.length > 0) refuse(faults.join(' '));
  const { dtype } = spec;
  const shape = readShape(tape, input, name);
  if (rawBytes !== undefined) {
    checkRows(shape[0] ?? 0, maxRows);
    return { dtype, shape, values: readRawInput(tape, rawBytes, name, { dtype, shape }, raw) };
  }
  if (data === undefined) throw new Error('unreachable: that was a fault');
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

function noInput(name: string, names: readonly string[]): string {
  const expected = `There is no input "${name}". Expected: ${names.join(', ') || 'none'}.`;
  return `${expected} "parameters": {"signature_name": "..."} chooses another signature; GET /v2/models/NAME lists them.`;
}

function readRawInput(
  tape: JsonTape,
  given: number,
  name: string,
  { dtype, shape }: Pick<TensorValue, 'dtype' | 'shape'>,
  raw: RawParts | null,
): TensorValue['values'] {
  const length = tape.isInteger(given) ? tape.number(given) : NaN;
  if (!(Number.isSafeInteger(length) && length >= 0))
    refuse(`"binary_data_size" is a whole number from 0. Received: ${tape.shown(given)}`);
  if (!raw) {
    refuse(
      `The input "${name}" has a "binary_data_size", but the header Inference-Header-Content-Length does not say where the JSON ends.`,
    );
  }
  const count = sizeFromShape(shape);
  const bytes = raw.take(name, length);
  if (valueBytes(dtype, count) > raw.maxTensorBytes)
    refuse(`The "shape" of the input "${name}" has too many elements.`);
  return readRaw(name, dtype, bytes, count);
}

/** @param dtype What the signature expects; undefined if it has no such input. */
function wrongDatatype(tape: JsonTape, input: number, name: string, dtype: DType | undefined): string | null {
  const value = tape.member(input, 'datatype');
  if (value === undefined) return `The input "${name}" needs "datatype", a string.`;
  if (!tape.isString(value)) return `"datatype" is a string. Received: ${tape.shown(value)}.`;
  const datatype = tape.string(value);
  if (dtype !== undefined && datatype !== datatypeOf(dtype)) {
    return `The input "${name}" is ${datatypeOf(dtype)}. Received: ${datatype.slice(0, 20)}.`;
  }
  if (dtypeOfDatatype(datatype) !== null) return null;
  return `There is no datatype ${datatype.slice(0, 20)}. Expected: ${datatypeNames.join(', ')}.`;
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

/** @param input An input whose shape is valid. */
function readShape(tape: JsonTape, input: number, name: string): number[] {
  const list = tape.member(input, 'shape') ?? root;
  const shape = [...tape.elements(list)].map((size) => tape.number(size));
  // Limited even if a size of 0 leaves no elements, so that no product in TensorFlow overflows.
  if (sizeFromShape(shape.map((size) => Math.max(size, 1))) > defaultMaxValues) {
    refuse(`The "shape" of the input "${name}" has more than ${defaultMaxValues} elements.`);
  }
  return shape;
}

/** Number of values per piece. */
const valuesOfPiece = 1024;

/**
 * Writes an answer, piece by piece: first its JSON as texts, then the bytes of the outputs that were requested as raw bytes.
 *
 * @param head The rest of the answer, without the outputs: the JSON of an object that has members.
 * @param raw Names of outputs whose bytes follow the JSON, in this order. Default: none.
 */
export function* inferPieces(
  head: string,
  outputs: Readonly<Record<string, TensorValue>>,
  raw: readonly string[] = [],
): Generator<string | Uint8Array, void, void> {
  const entries = Object.entries(outputs);
  const ofRaw = entries.filter(([name]) => raw.includes(name));
  yield `${head.slice(0, -1)},"outputs":[`;
  for (const [i, [name, value]] of ofRaw.entries()) {
    const { dtype, shape } = value;
    const parameters = { binary_data_size: rawBytes(value) };
    yield `${i > 0 ? ',' : ''}${JSON.stringify({ name, shape, datatype: datatypeOf(dtype), parameters })}`;
  }
  for (const [i, [name, value]] of entries.filter(([key]) => !raw.includes(key)).entries()) {
    if (i + ofRaw.length > 0) yield ',';
    yield* tensorPieces(name, value);
  }
  yield ']}';
  for (const [, value] of ofRaw) yield writeRaw(value);
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
