import { checkText } from '../../limits/check-text.js';
import { ServingError } from '../../serving-error.js';
import { readString, unescapeString } from './json-string.js';
import { jsonError, readWord } from './json-word.js';
import { readNumber } from './read-number.js';

/** What a JSON value is; the words of TensorFlow Serving's messages. */
export type JsonKind = 'Null' | 'False' | 'True' | 'Object' | 'Array' | 'String' | 'Number';

const kinds: readonly JsonKind[] = ['Null', 'False', 'True', 'Object', 'Array', 'String', 'String', 'Number', 'Number'];
const objectCode = 3;
const arrayCode = 4;
const stringCode = 5;
const escapedCode = 6;
const integerCode = 7;
const decimalCode = 8;

/** Maximum number of values of a text by default: about 300 MB of memory. */
export const defaultMaxValues = 2 ** 24;
/** The largest tape whose memory is kept for the next one, in values: 36 MB per thread. */
const mostSpareValues = 2 ** 21;
/** Number of bytes of a value that a message shows. */
const shownBytes = 200;

/**
 * A parsed JSON text as a flat list of its values, each before what it contains.
 *
 * `JSON.parse` is not enough for TensorFlow Serving's bodies: they may hold `NaN`, `Infinity` and int64, `1` and `1.0` must be distinguished, and a
 * request of a million numbers should not become a million lists of three. A value takes 17 bytes here, whatever it is; nesting costs no stack.
 *
 * The grammar is that of RapidJSON with `kParseNanAndInfFlag | kParseStopWhenDoneFlag`, as TensorFlow Serving uses it: anything after the first value
 * is ignored, and bytes in strings need not be UTF-8. The texts of errors are RapidJSON's (rapidjson/error/en.h).
 */
export class JsonTape {
  #length = 0;
  #codes: Uint8Array;
  /** Start of each value in the text; for a string, after its quotation mark. */
  #starts: Uint32Array;
  /** For a string, its end in the text; for an object or list, the value after it. */
  #ends: Uint32Array;
  /** For a number, its value; for an object or list, the number of its members. */
  #numbers: Float64Array;
  #position = 0;

  /** Memory of a finished tape, kept because filling new memory takes as long as parsing, and freeing it stops the other threads too. */
  static #spare: TapeMemory | undefined;

  private constructor(
    private readonly bytes: Buffer,
    private readonly maxValues: number,
  ) {
    const { codes, starts, ends, numbers } = JsonTape.#spare ?? newMemory(256);
    JsonTape.#spare = undefined;
    this.#codes = codes;
    this.#starts = starts;
    this.#ends = ends;
    this.#numbers = numbers;
  }

  /**
   * @param maxValues Maximum number of values, keys included.
   * @throws ServingError `INVALID_ARGUMENT` for text that is not JSON, `RESOURCE_EXHAUSTED` for too many values.
   */
  static parse(bytes: Buffer, { maxValues = defaultMaxValues } = {}): JsonTape {
    const tape = new JsonTape(bytes, maxValues);
    try {
      tape.#parse();
      return tape;
    } catch (error) {
      tape.release();
      throw error;
    }
  }

  /** Leaves the tape's memory, unless it is large, to the next one in this thread. The tape must not be read after that. */
  release(): void {
    if (this.#codes.length === 0) return;
    if (this.#codes.length <= mostSpareValues) {
      JsonTape.#spare = { codes: this.#codes, starts: this.#starts, ends: this.#ends, numbers: this.#numbers };
    }
    const { codes, starts, ends, numbers } = newMemory(0);
    this.#codes = codes;
    this.#starts = starts;
    this.#ends = ends;
    this.#numbers = numbers;
    this.#length = 0;
  }

  /** Number of values, keys included. */
  get length(): number {
    return this.#length;
  }

  kind(value: number): JsonKind {
    return kinds[this.#codes[value] ?? 0] ?? 'Null';
  }

  isArray(value: number): boolean {
    return this.#codes[value] === arrayCode;
  }

  isObject(value: number): boolean {
    return this.#codes[value] === objectCode;
  }

  isString(value: number): boolean {
    return this.#codes[value] === stringCode || this.#codes[value] === escapedCode;
  }

  isNumber(value: number): boolean {
    return (this.#codes[value] ?? 0) >= integerCode;
  }

  /** Whether a number is written without a point and an exponent. */
  isInteger(value: number): boolean {
    return this.#codes[value] === integerCode;
  }

  /** The value after this one and everything in it. */
  next(value: number): number {
    const code = this.#codes[value];
    return code === objectCode || code === arrayCode ? (this.#ends[value] ?? 0) : value + 1;
  }

  /** Members of an object or elements of a list. */
  size(value: number): number {
    return this.#numbers[value] ?? 0;
  }

  /** A number, rounded to float64. */
  number(value: number): number {
    return this.#numbers[value] ?? NaN;
  }

  /** An integer, exactly. */
  bigint(value: number): bigint {
    const number = this.number(value);
    if (Number.isSafeInteger(number)) return BigInt(number);
    const start = this.#starts[value] ?? 0;
    let end = start + 1;
    while (isDigit(this.bytes[end])) end += 1;
    return BigInt(this.bytes.toString('latin1', start, end));
  }

  /** A string's bytes, without escapes: a view of the text if it has none. */
  stringBytes(value: number): Buffer {
    const raw = this.bytes.subarray(this.#starts[value], this.#ends[value]);
    return this.#codes[value] === escapedCode ? unescapeString(raw) : raw;
  }

  /** A text such as a name. @throws ServingError `INVALID_ARGUMENT` for one that is too long. */
  string(value: number): string {
    checkText((this.#ends[value] ?? 0) - (this.#starts[value] ?? 0));
    return this.stringBytes(value).toString();
  }

  /** The first member of an object with this key; undefined for other values. */
  member(object: number, key: string): number | undefined {
    if (!this.isObject(object)) return undefined;
    const wanted = Buffer.from(key);
    const end = this.next(object);
    for (let name = object + 1; name < end; name = this.next(name + 1)) {
      if (this.#hasBytes(name, wanted)) return name + 1;
    }
    return undefined;
  }

  /** Keys and values of an object; none for other values. */
  *members(object: number): Generator<readonly [key: string, value: number]> {
    if (!this.isObject(object)) return;
    const end = this.next(object);
    for (let key = object + 1; key < end; key = this.next(key + 1)) yield [this.string(key), key + 1];
  }

  /** Elements of a list; none for other values. */
  *elements(list: number): Generator<number> {
    if (!this.isArray(list)) return;
    const end = this.next(list);
    for (let element = list + 1; element < end; element = this.next(element)) yield element;
  }

  /** The value approximately as written, for messages; a long one is cut. */
  shown(value: number): string {
    const isString = this.isString(value);
    const start = (this.#starts[value] ?? 0) - (isString ? 1 : 0);
    const end = this.#endInText(value);
    const text = this.bytes.subarray(start, Math.min(end, start + shownBytes)).toString();
    return end > start + shownBytes ? `${text.replace(/\ufffd{1,3}$/, '')}...` : text;
  }

  #hasBytes(string: number, wanted: Buffer): boolean {
    const length = (this.#ends[string] ?? 0) - (this.#starts[string] ?? 0);
    // The longest escape, \u0041, is six times as long as what it represents.
    const isEscaped = this.#codes[string] === escapedCode;
    const isOtherLength = isEscaped ? length > 6 * wanted.length : length !== wanted.length;
    return !isOtherLength && this.stringBytes(string).equals(wanted);
  }

  /** End of a value; searched again, since only messages need it, and no further than they show. */
  #endInText(value: number): number {
    const start = this.#starts[value] ?? 0;
    if (this.isString(value)) return (this.#ends[value] ?? 0) + 1;
    const isContainer = this.isArray(value) || this.isObject(value);
    const limit = Math.min(this.bytes.length, start + shownBytes + 1);
    let depth = 0;
    let at = start;
    for (let isQuoted = false; at < limit; at += 1) {
      const byte = this.bytes[at];
      if (isQuoted && byte === 0x5c) at += 1;
      else if (byte === 0x22) isQuoted = !isQuoted;
      else if (isQuoted) continue;
      else if (!isContainer && isDelimiter(byte)) return at;
      else if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1;
    }
    return at;
  }

  #parse(): void {
    const { bytes } = this;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#position = 3;
    if (this.#skipSpace() === undefined) this.#fail('The document is empty.');
    const open: number[] = [];
    for (;;) {
      const begun = this.#readValue();
      if (begun !== null) {
        open.push(begun);
        continue;
      }
      if (this.#afterValue(open)) return;
    }
  }

  /** @returns The object or list that begins there, if it has members. */
  #readValue(): number | null {
    const byte = this.#skipSpace();
    const start = this.#position;
    if (byte === 0x22) this.#readString();
    else if (byte === 0x7b || byte === 0x5b) return this.#open(byte === 0x7b);
    else if (byte === 0x74) this.#readWord('true', 2);
    else if (byte === 0x66) this.#readWord('false', 1);
    else if (byte === 0x6e) this.#readWord('null', 0);
    else {
      const { value, isInteger, end } = readNumber(this.bytes, start);
      this.#add(isInteger ? integerCode : decimalCode, start, end, value);
      this.#position = end;
    }
    return null;
  }

  #open(isObject: boolean): number | null {
    const entry = this.#add(isObject ? objectCode : arrayCode, this.#position, 0, 0);
    this.#position += 1;
    if (this.#skipSpace() === (isObject ? 0x7d : 0x5d)) {
      this.#position += 1;
      this.#ends[entry] = this.#length;
      return null;
    }
    this.#numbers[entry] = 1;
    if (isObject) this.#readKey();
    return entry;
  }

  /** Moves on to the next value of the open array or object. @returns Whether the text's value is complete. */
  #afterValue(open: number[]): boolean {
    for (;;) {
      const container = open.at(-1);
      if (container === undefined) return true;
      const isObject = this.#codes[container] === objectCode;
      const byte = this.#skipSpace();
      if (byte === 0x2c) {
        this.#position += 1;
        this.#numbers[container] = (this.#numbers[container] ?? 0) + 1;
        if (isObject) {
          this.#skipSpace();
          this.#readKey();
        }
        return false;
      }
      if (byte !== (isObject ? 0x7d : 0x5d)) {
        this.#fail(`Missing a comma or ${isObject ? '} after an object member.' : '] after an array element.'}`);
      }
      this.#position += 1;
      this.#ends[container] = this.#length;
      open.pop();
    }
  }

  #readKey(): void {
    if (this.bytes[this.#position] !== 0x22) this.#fail('Missing a name for object member.');
    this.#readString();
    if (this.#skipSpace() !== 0x3a) this.#fail('Missing a colon after a name of object member.');
    this.#position += 1;
  }

  #readString(): void {
    const start = this.#position + 1;
    const { end, isEscaped } = readString(this.bytes, start);
    this.#add(isEscaped ? escapedCode : stringCode, start, end, 0);
    this.#position = end + 1;
  }

  #readWord(word: string, code: number): void {
    const start = this.#position;
    this.#position = readWord(this.bytes, start, word);
    this.#add(code, start, this.#position, 0);
  }

  #skipSpace(): number | undefined {
    const { bytes } = this;
    let byte = bytes[this.#position];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.#position += 1;
      byte = bytes[this.#position];
    }
    return byte;
  }

  #add(code: number, start: number, end: number, number: number): number {
    const entry = this.#length;
    if (entry === this.#codes.length || entry >= this.maxValues) this.#grow();
    this.#codes[entry] = code;
    this.#starts[entry] = start;
    this.#ends[entry] = end;
    this.#numbers[entry] = number;
    this.#length += 1;
    return entry;
  }

  #grow(): void {
    const length = this.#length;
    if (length >= this.maxValues) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `The JSON text has more than ${this.maxValues} values. Send fewer in a request, or pixels as encoded images ({"b64": ...}).`,
        { httpStatus: 413 },
      );
    }
    // Every value but the first needs at least one byte, and usually another as a separator.
    const { codes, starts, ends, numbers } = newMemory(Math.min(length * 2, this.maxValues, this.bytes.length + 1));
    this.#codes = grown(this.#codes, codes);
    this.#starts = grown(this.#starts, starts);
    this.#ends = grown(this.#ends, ends);
    this.#numbers = grown(this.#numbers, numbers);
  }

  #fail(reason: string): never {
    throw jsonError(reason, this.#position);
  }
}

/** Arrays of a tape, with one entry per value. */
interface TapeMemory {
  readonly codes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly numbers: Float64Array;
}

function newMemory(size: number): TapeMemory {
  return {
    codes: new Uint8Array(size),
    starts: new Uint32Array(size),
    ends: new Uint32Array(size),
    numbers: new Float64Array(size),
  };
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isDelimiter(byte: number | undefined): boolean {
  return byte === undefined || byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d;
}
