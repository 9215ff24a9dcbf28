import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

import { checkText } from '../limits/check-text.js';
import { ServingError } from '../serving-error.js';

/** Maximum depth of nested messages, as in Google's own parsers. */
const maxDepth = 100;
/** Approximate size of an element that is an object: a message, a string, a view of bytes. */
const objectBytes = 256;
/** Size of a value in JavaScript's arrays; a varint may be a byte long. */
const wordBytes = 8;

/**
 * Refuses a small message that becomes large when it is read: two bytes can make an empty string in a list. Only tags are read, so a large tensor
 * costs nothing.
 *
 * @param maxBytes Approximate memory that the message may take when it has been read.
 * @throws ServingError `RESOURCE_EXHAUSTED` for more, `INVALID_ARGUMENT` for messages nested too deep.
 * @throws Error for bytes that are not a message.
 */
export function checkMessageCost(schema: DescMessage, bytes: Uint8Array, maxBytes: number): void {
  let cost = 0;
  const reader = new BinaryReader(bytes);
  walk(schema, bytes.length, maxDepth);

  function walk(message: DescMessage, end: number, depth: number): void {
    if (depth === 0) throw new ServingError('INVALID_ARGUMENT', 'The request has messages nested too deep.');
    const fields = fieldsOf(message);
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const field = fields.get(number);
      if (wireType === WireType.LengthDelimited) {
        const length = reader.uint32();
        const after = reader.pos + length;
        if (after > end) throw new RangeError('The message ends too early.');
        if (field?.nested) {
          add(objectBytes);
          walk(field.nested, after, depth - 1);
        } else {
          if (field?.isText) checkText(length);
          add(field?.bytesPerByte === undefined ? objectBytes : length * field.bytesPerByte);
        }
        reader.pos = after;
      } else {
        reader.skip(wireType, number);
        // A group can end far after its message; everything in between would be read once more for each such group.
        if (reader.pos > end) throw new RangeError('The message ends too early.');
        // Unknown fields are kept too, as objects.
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

function isText(field: DescField): boolean {
  return (field.fieldKind === 'scalar' || field.fieldKind === 'list') && field.scalar === ScalarType.STRING;
}

/** What the walk needs to know about a field. */
interface FieldCost {
  /** Type of its messages, if it holds any. */
  readonly nested: DescMessage | undefined;
  readonly isText: boolean;
  /** Memory for each byte of packed numbers; `undefined` for other fields. */
  readonly bytesPerByte: number | undefined;
}

const known = new WeakMap<DescMessage, ReadonlyMap<number, FieldCost>>();

function fieldsOf(message: DescMessage): ReadonlyMap<number, FieldCost> {
  const found = known.get(message);
  if (found) return found;
  const fields = new Map(message.fields.map((field) => [field.number, costOf(field)]));
  known.set(message, fields);
  return fields;
}

function costOf(field: DescField): FieldCost {
  return { nested: messageOf(field), isText: isText(field), bytesPerByte: bytesPerByte(field) };
}

function messageOf(field: DescField): DescMessage | undefined {
  // An entry of a map is counted like its value: close enough, and protobuf-es has no descriptor of the entry.
  if (field.fieldKind === 'map') return field.mapKind === 'message' ? entryOf(field.message) : undefined;
  return field.message;
}

const entries = new WeakMap<DescMessage, DescMessage>();

/** A message type with the relevant parts of a map's entry: a text key, and the value. */
function entryOf(value: DescMessage): DescMessage {
  const key = { number: 1, fieldKind: 'scalar', scalar: ScalarType.STRING };
  const entry = entries.get(value) ?? ({ fields: [key, { number: 2, fieldKind: 'message', message: value }] } as never);
  entries.set(value, entry);
  return entry;
}

const fixedTypes = [ScalarType.FLOAT, ScalarType.FIXED32, ScalarType.SFIXED32];

function bytesPerByte(field: DescField): number | undefined {
  if (field.fieldKind !== 'list' || field.listKind === 'message') return undefined;
  const type = field.listKind === 'enum' ? ScalarType.INT32 : field.scalar;
  if (type === ScalarType.STRING || type === ScalarType.BYTES) return undefined;
  return fixedTypes.includes(type) ? wordBytes / 4 : wordBytes;
}
