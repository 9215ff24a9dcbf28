import { type DescField, type DescMessage, type MessageShape, ScalarType } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';

import { textProtoError, textProtoTokens, type Token } from './text-proto-tokens.js';

/** No configuration is nested so deep. */
const maxDepth = 50;

/**
 * Reads a message in protobuf's text format.
 *
 * Source: https://protobuf.dev/reference/protobuf/textformat-spec/; extensions and expanded `Any`s are refused.
 *
 * @param file Named in errors.
 * @throws SignetError `INVALID_ARGUMENT` with line and column.
 */
export function parseTextProto<D extends DescMessage>(desc: D, text: string, file: string): MessageShape<D> {
  const reader = new TextProtoReader(textProtoTokens(text, file), file);
  const message = reflect(desc);
  reader.readFields(message, null, 0);
  return message.message as MessageShape<D>;
}

class TextProtoReader {
  #position = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly file: string,
  ) {}

  /** @param close The sign that ends the message; null for the end of the file. */
  readFields(message: ReflectMessage, close: string | null, depth: number): void {
    const seen = new Set<string>();
    for (;;) {
      const token = this.#next();
      if (token.kind === 'sign' && token.text === close) return;
      if (token.kind === 'end' && close === null) return;
      if (token.kind !== 'word') throw this.#error(token, `a field's name${close === null ? '' : ` or ${close}`}`);
      const field = message.fields.find(({ name }) => name === token.text);
      if (!field) {
        const known = message.fields.map(({ name }) => name).join(', ');
        throw this.#fail(token, `${message.desc.name} has no field "${token.text}". It has: ${known}`);
      }
      this.#checkOnce(field, token, seen);
      this.#readField(message, field, depth);
      if (this.#isSign(',') || this.#isSign(';')) this.#next();
    }
  }

  #checkOnce(field: DescField, token: Token, seen: Set<string>): void {
    if (field.fieldKind === 'list' || field.fieldKind === 'map') return;
    const { name } = field.oneof ?? field;
    if (seen.has(name)) {
      const other = field.oneof ? `, or another of ${field.oneof.fields.map((each) => each.name).join(', ')},` : '';
      throw this.#fail(token, `"${field.name}"${other} stands there already, and only once is allowed`);
    }
    seen.add(name);
  }

  #readField(message: ReflectMessage, field: DescField, depth: number): void {
    const isMessage = field.fieldKind === 'map' || field.message !== undefined;
    if (this.#isSign(':')) this.#next();
    else if (!isMessage) throw this.#error(this.#next(), `: after "${field.name}"`);
    const isRepeated = field.fieldKind === 'list' || field.fieldKind === 'map';
    if (!isRepeated || !this.#isSign('[')) {
      this.#readValue(message, field, depth);
      return;
    }
    this.#next();
    if (this.#isSign(']')) {
      this.#next();
      return;
    }
    for (;;) {
      this.#readValue(message, field, depth);
      const token = this.#next();
      if (token.text === ']' && token.kind === 'sign') return;
      if (token.text !== ',' || token.kind !== 'sign') throw this.#error(token, ', or ]');
    }
  }

  #readValue(message: ReflectMessage, field: DescField, depth: number): void {
    switch (field.fieldKind) {
      case 'scalar': {
        message.set(field, this.#readScalar(field.scalar, field.name));
        return;
      }
      case 'enum': {
        message.set(field, this.#readEnum(field));
        return;
      }
      case 'message': {
        message.set(field, this.#readMessage(field.message, depth));
        return;
      }
      case 'list': {
        const list = message.get(field);
        if (field.listKind === 'scalar') list.add(this.#readScalar(field.scalar, field.name));
        else if (field.listKind === 'enum') list.add(this.#readEnum(field));
        else list.add(this.#readMessage(field.message, depth));
        return;
      }
      case 'map': {
        this.#readEntry(message, field, depth);
        return;
      }
    }
  }

  #open(depth: number): string {
    const token = this.#next();
    if (depth >= maxDepth) throw this.#fail(token, `messages are nested deeper than ${maxDepth}`);
    if (token.kind === 'sign' && token.text === '{') return '}';
    if (token.kind === 'sign' && token.text === '<') return '>';
    throw this.#error(token, '{');
  }

  #readMessage(desc: DescMessage, depth: number): ReflectMessage {
    const close = this.#open(depth);
    const message = reflect(desc);
    this.readFields(message, close, depth + 1);
    return message;
  }

  /** `{ key: 'stable' value: 1 }`; maps of messages do not occur. */
  #readEntry(message: ReflectMessage, field: DescField & { fieldKind: 'map' }, depth: number): void {
    const close = this.#open(depth);
    const values = new Map<string, unknown>();
    for (let token = this.#next(); token.kind !== 'sign' || token.text !== close; token = this.#next()) {
      const { text } = token;
      if (token.kind !== 'word' || !['key', 'value'].includes(text)) throw this.#error(token, `key, value or ${close}`);
      if (values.has(text)) throw this.#fail(token, `"${text}" stands there already, and only once is allowed`);
      if (!this.#isSign(':')) throw this.#error(this.#next(), `: after "${text}"`);
      this.#next();
      values.set(text, this.#readScalar((text === 'key' ? field.mapKey : field.scalar) ?? ScalarType.STRING, text));
      if (this.#isSign(',') || this.#isSign(';')) this.#next();
    }
    const key = values.get('key') ?? '';
    message.get(field).set(key, values.get('value') ?? 0n);
  }

  #readEnum(field: DescField & { enum: NonNullable<DescField['enum']> }): number {
    const token = this.#next();
    const value = field.enum.values.find(({ name, number }) => [name, String(number)].includes(token.text));
    if (value && token.kind !== 'string') return value.number;
    throw this.#error(token, `one of ${field.enum.values.map(({ name }) => name).join(', ')} for "${field.name}"`);
  }

  #readScalar(type: ScalarType, name: string): string | number | bigint | boolean | Uint8Array {
    const token = this.#next();
    switch (type) {
      case ScalarType.STRING:
      case ScalarType.BYTES: {
        if (token.kind !== 'string') throw this.#error(token, `text in quotes for "${name}"`);
        let { text } = token;
        while (this.#peek().kind === 'string') text += this.#next().text;
        return type === ScalarType.STRING ? text : Buffer.from(text);
      }
      case ScalarType.BOOL:
        if (['true', 'True', 't', '1'].includes(token.text) && token.kind !== 'string') return true;
        if (['false', 'False', 'f', '0'].includes(token.text) && token.kind !== 'string') return false;
        throw this.#error(token, `true or false for "${name}"`);
      case ScalarType.FLOAT:
      case ScalarType.DOUBLE:
        if (token.kind !== 'number') throw this.#error(token, `a number for "${name}"`);
        return Number(token.text.replace(/f$/i, '').replace('inf', 'Infinity'));
      default:
        return this.#readInteger(type, name, token);
    }
  }

  #readInteger(type: ScalarType, name: string, token: Token): number | bigint {
    const isInteger = token.kind === 'number' && /^[+-]?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(token.text);
    if (!isInteger) throw this.#error(token, `a whole number for "${name}"`);
    const digits = token.text.replace(/^[+-]/, '');
    const isOctal = /^0[0-7]+$/.test(digits);
    const size = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
    const value = token.text.startsWith('-') ? -size : size;
    const isSigned = ![ScalarType.UINT32, ScalarType.UINT64, ScalarType.FIXED32, ScalarType.FIXED64].includes(type);
    const isLong = [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64];
    const bits = isLong.includes(type) ? 64 : 32;
    const fits = (isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
    if (!fits) throw this.#error(token, `a number of ${isSigned ? 'int' : 'uint'}${bits} for "${name}"`);
    return bits === 64 ? value : Number(value);
  }

  #peek(): Token {
    return this.tokens[this.#position] ?? { kind: 'end', text: '', line: 0, column: 0 };
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#position += 1;
    return token;
  }

  #isSign(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'sign' && token.text === text;
  }

  #error({ kind, text, ...where }: Token, expected: string): Error {
    const received = kind === 'string' ? JSON.stringify(text) : text;
    return textProtoError(this.file, where, `expected ${expected}. Received: ${received}`);
  }

  #fail(where: Token, what: string): Error {
    return textProtoError(this.file, where, what);
  }
}
