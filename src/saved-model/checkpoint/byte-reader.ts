import { SignetError } from '../../errors.js';

/** Reads numbers and slices one after another from untrusted bytes; never past their end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  #position = 0;

  /** @param file Named when the bytes end too soon. */
  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  /** The next bytes, not copied. */
  take(length: number): Uint8Array {
    if (length > this.remaining) {
      throw damagedFile(this.#file, `${length} bytes are announced where ${this.remaining} are left`);
    }
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** Four bytes, the lowest first. */
  uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }

  /** A number in groups of seven bits, the lowest first; see `varint`. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const [byte = 0] = this.take(1);
      value += (byte & 127) * factor;
      if (!Number.isSafeInteger(value)) throw damagedFile(this.#file, 'a number in it is beyond 2^53');
      if (byte < 128) return value;
      if (factor > Number.MAX_SAFE_INTEGER) throw damagedFile(this.#file, 'a number in it does not end');
    }
  }
}

/** The error for a file of a SavedModel with content that no program would write. `what` ends the sentence: `its footer is cut off`. */
export function damagedFile(file: string, what: string, options?: ErrorOptions): SignetError {
  return new SignetError('INVALID_SAVED_MODEL', `${file} is damaged: ${what}. Copy or save the model again.`, options);
}
