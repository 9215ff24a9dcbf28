import { dataTypeOf, type DType } from '../../../tensorflow/data-type.js';
import { DataType } from '../../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ElementValues } from '../../../tensorflow/tensor-value.js';
import { refuse, ServingError } from '../../serving-error.js';
import { defaultMaxTensorBytes, maxStrings, valueBytes } from '../../limits/check-size.js';
import { decodeBase64 } from './decode-base64.js';
import type { JsonTape } from './json-tape.js';
import { formatError } from './parse-body.js';

/*
 * How JSON becomes tensors. The rules are TensorFlow Serving's, read from tensorflow_serving/util/json_tensor.cc; its texts
 * are kept word for word, except that long values are cut.
 *
 * - A tensor is a number, string, `true`, `false`, or lists of them. Its shape is read along the first elements; every list
 *   of a level has the size of the first, and all values are at the level of the rank.
 * - The signature's dtype says how a value is read, never the value:
 *     float32          any number; what float32 cannot hold becomes 0 or Infinity; NaN, Infinity, -Infinity as bare words
 *     int32, uint8     a number without point and exponent that fits int32; `1.0` is refused; uint8 keeps the low eight bits
 *     int64            a number without point and exponent that fits int64, exactly
 *     bool             true or false; 0 and 1 are refused
 *     string           a string, whose bytes are taken as UTF-8, or `{"b64": "..."}`: standard alphabet, padding optional
 * - `{"b64": <string>}` with exactly this one key is a value, in any other object `b64` is an input's name.
 */

/** The highest rank that TensorFlow's shapes have. */
export const maxRank = 254;

/** Whether it is `{"b64": <string>}`. */
export function isBase64Object(tape: JsonTape, value: number): boolean {
  return tape.isObject(value) && tape.size(value) === 1 && tape.string(value + 1) === 'b64' && tape.isString(value + 2);
}

/** The shape of a value, along its first elements. @throws ServingError `INVALID_ARGUMENT` for more dimensions than `most`. */
export function shapeOf(tape: JsonTape, value: number, most = maxRank): number[] {
  const shape: number[] = [];
  for (let inner = value; tape.isArray(inner); inner += 1) {
    if (shape.length === most) refuse(`Lists are nested deeper than ${maxRank} levels, TensorFlow's limit.`);
    shape.push(tape.size(inner));
    if (tape.size(inner) === 0) break;
  }
  return shape;
}

/** Values of a tensor in the making. */
export class TensorFiller {
  readonly #values: ElementValues;
  #count = 0;

  /** @throws ServingError `RESOURCE_EXHAUSTED` (413) for so many values that they would take too much memory. */
  constructor(
    readonly dtype: DType,
    size: number,
    mostBytes = defaultMaxTensorBytes,
  ) {
    if (valueBytes(dtype, size) > mostBytes || (dtype === 'string' && size > maxStrings)) {
      const message = `The request has ${size} values of type ${dtype}, more than the server takes. Send fewer in a request.`;
      throw new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 413 });
    }
    this.#values = emptyValues(dtype, size);
  }

  get values(): ElementValues {
    return this.#values;
  }

  /** Takes over a value of JSON of this very shape. @throws ServingError `INVALID_ARGUMENT`. */
  add(tape: JsonTape, value: number, shape: readonly number[]): void {
    this.#fill(tape, value, shape, 0);
  }

  #fill(tape: JsonTape, value: number, shape: readonly number[], level: number): void {
    if (!tape.isArray(value)) {
      this.#addLeaf(tape, value, shape, level);
      return;
    }
    const expected = checkList(tape, value, shape, level);
    if (level === shape.length - 1 && this.#addNumbers(tape, value + 1, expected)) return;
    for (const element of tape.elements(value)) this.#fill(tape, element, shape, level + 1);
  }

  #addLeaf(tape: JsonTape, value: number, shape: readonly number[], level: number): void {
    if (level !== shape.length) {
      throw formatError(
        tape,
        value,
        `found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${shape.length}`,
      );
    }
    const count = this.#count;
    this.#count += 1;
    const { dtype } = this;
    if (dtype === 'string') (this.#values as Uint8Array[])[count] = bytesOf(tape, value);
    else if (dtype === 'int64') (this.#values as BigInt64Array)[count] = int64Of(tape, value);
    else (this.#values as Float32Array)[count] = numberOf(tape, value, dtype);
  }

  /** A row of numbers, where nearly all time goes. @returns Whether it is one and has been taken. */
  #addNumbers(tape: JsonTape, first: number, size: number): boolean {
    const { dtype } = this;
    if (dtype !== 'float32') return false;
    const values = this.#values as Float32Array;
    let count = this.#count;
    for (let value = first; value < first + size; value += 1) {
      if (!tape.isNumber(value)) return false;
      values[count] = tape.number(value);
      count += 1;
    }
    this.#count = count;
    return true;
  }
}

/**
 * Checks that a value is of a shape, without making anything of it: what `TensorFiller.add` would say.
 *
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function checkShape(tape: JsonTape, value: number, shape: readonly number[], level = 0): void {
  if (tape.isArray(value)) {
    checkList(tape, value, shape, level);
    for (const element of tape.elements(value)) checkShape(tape, element, shape, level + 1);
  } else if (level !== shape.length) {
    throw formatError(
      tape,
      value,
      `found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${shape.length}`,
    );
  }
}

/** @returns How many elements it has. */
function checkList(tape: JsonTape, list: number, shape: readonly number[], level: number): number {
  if (level >= shape.length) {
    refuse(`Encountered list at unexpected level: ${level} expected < ${shape.length}`);
  }
  const size = tape.size(list);
  const expected = shape[level] ?? 0;
  if (size !== expected) {
    refuse(`Encountered list at unexpected size: ${size} at level: ${level} expected size: ${expected}`);
  }
  return size;
}

function emptyValues(dtype: DType, size: number): ElementValues {
  switch (dtype) {
    case 'float32':
      return new Float32Array(size);
    case 'int32':
      return new Int32Array(size);
    case 'int64':
      return new BigInt64Array(size);
    case 'uint8':
    case 'bool':
      return new Uint8Array(size);
    case 'string':
      return new Array<Uint8Array>(size);
  }
}

function bytesOf(tape: JsonTape, value: number): Uint8Array {
  if (tape.isString(value)) return tape.stringBytes(value);
  if (!tape.isObject(value)) throw typeError(tape, value, 'string');
  if (!isBase64Object(tape, value)) throw formatError(tape, value, 'not formatted correctly for base64 data');
  return decodeBase64(tape.stringBytes(value + 2));
}

function int64Of(tape: JsonTape, value: number): bigint {
  const exact = tape.isInteger(value) ? tape.bigint(value) : null;
  if (exact === null || BigInt.asIntN(64, exact) !== exact) throw typeError(tape, value, 'int64');
  return exact;
}

function numberOf(tape: JsonTape, value: number, dtype: Exclude<DType, 'string' | 'int64'>): number {
  const kind = tape.kind(value);
  const number = tape.number(value);
  if (dtype === 'bool') {
    if (kind === 'True' || kind === 'False') return kind === 'True' ? 1 : 0;
  } else if (dtype === 'float32') {
    if (kind === 'Number') return number;
  } else if (tape.isInteger(value) && (number | 0) === number) return number;
  throw typeError(tape, value, dtype);
}

function typeError(tape: JsonTape, value: number, dtype: DType): ServingError {
  const name = dtype === 'float32' ? 'float' : DataType[dataTypeOf(dtype)].replace('DT_', '').toLowerCase();
  return formatError(tape, value, `Type: ${tape.kind(value)} is not of expected type: ${name}`);
}
