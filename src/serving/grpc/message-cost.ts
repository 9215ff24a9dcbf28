import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

import { checkText } from '../limits/check-text.js';
import { ServingError } from '../serving-error.js';

/** As in Google's own parsers. */
const maxDepth = 100;
/** About what an element takes that is an object: a message, a string, a view of bytes. */
const objectBytes = 256;
/** Values in JavaScript's arrays; a varint may be a byte long. */
const wordBytes = 8;

/**
 * Refuses a message that is small, and large when it has been read: two bytes can make an empty string in a list. Only tags are
 * looked at, so a large tensor costs nothing.
 *
 * @param maxBytes How much memory the message may take when it has been read, about.
 * @throws ServingError `RESOURCE_EXHAUSTED` for more, `INVALID_ARGUMENT` for messages nested too deep.
 * @throws Error for bytes that are no message.
 */
export function checkMessageCost(schema: DescMessage, bytes: Uint8Array, maxBytes: number): void {
  let cost = 0;
  walk(schema, bytes, maxDepth);

  function walk(message: DescMessage, content: Uint8Array, depth: number): void {
    if (depth === 0) throw new ServingError('INVALID_ARGUMENT', 'The request has messages nested too deep.');
    const fields = fieldsOf(message);
    const reader = new BinaryReader(content);
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const field = fields.get(number);
      const isLong = wireType === WireType.LengthDelimited;
      const nested = isLong ? messageOf(field) : undefined;
      if (nested) {
        add(objectBytes);
        walk(nested, reader.bytes(), depth - 1);
      } else if (isLong) {
        const { length } = reader.bytes();
        if (isText(field)) checkText(length);
        add(packedCost(field, length) ?? objectBytes);
      } else {
        reader.skip(wireType, number);
        // What the schema does not know is kept too, as an object.
        add(field ? wordBytes : objectBytes);
      }
    }
  }

  function add(more: number): void {
    cost += more;
    if (cost > maxBytes) {
      throw new ServingError('RESOURCE_EXHAUSTED', `The request would take more than ${maxBytes} bytes when read.`);
    }
  }
}

function isText(field: DescField | undefined): boolean {
  return (field?.fieldKind === 'scalar' || field?.fieldKind === 'list') && field.scalar === ScalarType.STRING;
}

const known = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(message: DescMessage): ReadonlyMap<number, DescField> {
  const fields = known.get(message) ?? new Map(message.fields.map((field) => [field.number, field]));
  known.set(message, fields);
  return fields;
}

function messageOf(field: DescField | undefined): DescMessage | undefined {
  // An entry of a map is read as what its value is: close enough, and protobuf-es has no descriptor of the entry.
  if (field?.fieldKind === 'map') return field.mapKind === 'message' ? entryOf(field.message) : undefined;
  return field?.message;
}

const entries = new WeakMap<DescMessage, DescMessage>();

/** A message of what matters of a map's entry: a key that is text, and the value. */
function entryOf(value: DescMessage): DescMessage {
  const key = { number: 1, fieldKind: 'scalar', scalar: ScalarType.STRING };
  const entry = entries.get(value) ?? ({ fields: [key, { number: 2, fieldKind: 'message', message: value }] } as never);
  entries.set(value, entry);
  return entry;
}

const fixedTypes = [ScalarType.FLOAT, ScalarType.FIXED32, ScalarType.SFIXED32];

/** Numbers one after another; `undefined` for what is none. */
function packedCost(field: DescField | undefined, length: number): number | undefined {
  if (field?.fieldKind !== 'list' || field.listKind === 'message') return undefined;
  const type = field.listKind === 'enum' ? ScalarType.INT32 : field.scalar;
  if (type === ScalarType.STRING || type === ScalarType.BYTES) return undefined;
  return (fixedTypes.includes(type) ? length / 4 : length) * wordBytes;
}
