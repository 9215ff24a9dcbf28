import { dataTypeOf, type DType, layoutOf, tensorflowName } from '../../../tensorflow/data-type.js';
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
 *     float64          any number, exactly; the same words
 *     int8 to int32,   a number without point and exponent that fits int32; `1.0` is refused; the small types keep their low bits
 *     uint8
 *     uint32           the same, from 0 to 2^32 - 1
 *     int64, uint64    a number without point and exponent that fits, exactly
 *     bool             true or false; 0 and 1 are refused
 *     string           a string, whose bytes are taken as UTF-8, or `{"b64": "..."}`: standard alphabet, padding optional
 *     complex          is refused
 *   Signet's own: float16 and bfloat16 are read as float32 is, uint16 as uint8 is; TensorFlow Serving converts none of them.
 * - `{"b64": <string>}` with exactly this one key is a value, in any other object `b64` is an input's name.
 */

/** The highest rank that TensorFlow's shapes have. */
export const maxRank = 254;

/** Whether a value is `{"b64": <string>}`. */
export function isBase64Object(tape: JsonTape, value: number): boolean {
  return tape.isObject(value) && tape.size(value) === 1 && tape.string(value + 1) === 'b64' && tape.isString(value + 2);
}

/** The shape of a value, found along its first elements. @throws ServingError `INVALID_ARGUMENT` for more dimensions than `most`. */
export function shapeOf(tape: JsonTape, value: number, most = maxRank): number[] {
  const shape: number[] = [];
  for (let inner = value; tape.isArray(inner); inner += 1) {
    if (shape.length === most) refuse(`Lists are nested deeper than ${maxRank} levels, TensorFlow's limit.`);
    shape.push(tape.size(inner));
    if (tape.size(inner) === 0) break;
  }
  return shape;
}

/** Collects the values of a tensor. */
export class TensorFiller {
  readonly #values: ElementValues;
  #count = 0;

  /** @throws ServingError `RESOURCE_EXHAUSTED` (413) if the values would take too much memory. */
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

  /** Adds a JSON value of exactly this shape. @throws ServingError `INVALID_ARGUMENT`. */
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
    const element = readers[dtype](tape, value, dtype);
    // A reader returns values of its type.
    (this.#values as unknown[])[count] = element;
  }

  /** Adds a row of numbers, where nearly all time is spent. @returns Whether it was a row of numbers. */
  #addNumbers(tape: JsonTape, first: number, size: number): boolean {
    const { dtype } = this;
    if (readers[dtype] !== numberOf) return false;
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
 * Checks that a value has a shape, without converting it; reports what `TensorFiller.add` would.
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

/** @returns Its number of elements. */
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
  if (dtype === 'string') return new Array<Uint8Array>(size);
  const { array: Elements, numbers } = layoutOf(dtype);
  return new Elements(size * numbers);
}

/** Reads an element as a value of its type. @throws ServingError */
type Reader = (tape: JsonTape, value: number, dtype: DType) => number | bigint | Uint8Array;

const smallInteger = numbersBetween(-(2 ** 31), 2 ** 31 - 1);

const readers: Readonly<Record<DType, Reader>> = {
  float32: numberOf,
  float64: numberOf,
  float16: numberOf,
  bfloat16: numberOf,
  int8: smallInteger,
  int16: smallInteger,
  int32: smallInteger,
  int64: bigintsBetween(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: smallInteger,
  uint16: smallInteger,
  uint32: numbersBetween(0, 2 ** 32 - 1),
  uint64: bigintsBetween(0n, 2n ** 64n - 1n),
  bool: boolOf,
  complex64: refuseElement,
  complex128: refuseElement,
  string: bytesOf,
};

function bytesOf(tape: JsonTape, value: number): Uint8Array {
  if (tape.isString(value)) return tape.stringBytes(value);
  if (!tape.isObject(value)) throw typeError(tape, value, 'string');
  if (!isBase64Object(tape, value)) throw formatError(tape, value, 'not formatted correctly for base64 data');
  return decodeBase64(tape.stringBytes(value + 2));
}

function numberOf(tape: JsonTape, value: number, dtype: DType): number {
  if (!tape.isNumber(value)) throw typeError(tape, value, dtype);
  return tape.number(value);
}

function numbersBetween(least: number, most: number): Reader {
  return (tape, value, dtype) => {
    const number = tape.isInteger(value) ? tape.number(value) : NaN;
    if (!(number >= least && number <= most)) throw typeError(tape, value, dtype);
    return number;
  };
}

function bigintsBetween(least: bigint, most: bigint): Reader {
  return (tape, value, dtype) => {
    const exact = tape.isInteger(value) ? tape.bigint(value) : null;
    if (exact === null || exact < least || exact > most) throw typeError(tape, value, dtype);
    return exact;
  };
}

function boolOf(tape: JsonTape, value: number, dtype: DType): number {
  const kind = tape.kind(value);
  if (kind !== 'True' && kind !== 'False') throw typeError(tape, value, dtype);
  return kind === 'True' ? 1 : 0;
}

function refuseElement(tape: JsonTape, value: number, dtype: DType): never {
  if (tape.isObject(value)) throw typeError(tape, value, dtype);
  const message = `Conversion of JSON Value: ${tape.shown(value)} to type: ${tensorflowName(dataTypeOf(dtype))}`;
  throw new ServingError('UNIMPLEMENTED', message);
}

function typeError(tape: JsonTape, value: number, dtype: DType): ServingError {
  const name = tensorflowName(dataTypeOf(dtype));
  return formatError(tape, value, `Type: ${tape.kind(value)} is not of expected type: ${name}`);
}
