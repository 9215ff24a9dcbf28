import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Maximum number of values of all features of a tf.Example together. Each becomes an object or a text, however few bytes it takes in the record. */
export const mostValues = 1_000_000;

/** The fields of a message, by their numbers. */
interface Message {
  readonly [field: number]: Message | 'bytes' | 'floats' | 'integers';
}

const feature: Message = { 1: { 1: 'bytes' }, 2: { 1: 'floats' }, 3: { 1: 'integers' } };
const entry: Message = { 1: 'bytes', 2: feature };
/** `Example` of example.proto and feature.proto. */
const example: Message = { 1: { 1: entry } };

/** Wire types of a field; decoders trust the schema, so a field of another type would be read differently here and there. */
const wireTypes = {
  bytes: [WireType.LengthDelimited],
  floats: [WireType.LengthDelimited, WireType.Bit32],
  integers: [WireType.LengthDelimited, WireType.Varint],
} as const;

/**
 * Whether a tf.Example has more than a million values. Reads only tags, and takes no memory.
 *
 * @throws Error for bytes that are not a tf.Example.
 */
export function hasTooManyValues(bytes: Uint8Array): boolean {
  return countValues(example, bytes, 0) > mostValues;
}

/** @returns A number above `mostValues` as soon as there are more. */
function countValues(message: Message, bytes: Uint8Array, before: number): number {
  const reader = new BinaryReader(bytes);
  let count = before;
  while (reader.pos < reader.len && count <= mostValues) {
    const [number, wireType] = reader.tag();
    const field = message[number];
    count += 1;
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const expected: readonly WireType[] = wireTypes[typeof field === 'object' ? 'bytes' : field];
    if (!expected.includes(wireType)) throw new Error(`field ${number} has the wire type ${wireType}`);
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (typeof field === 'object') count = countValues(field, reader.bytes(), count);
    else count += packedValues(field, reader.bytes());
  }
  return count;
}

function packedValues(kind: keyof typeof wireTypes, bytes: Uint8Array): number {
  if (kind === 'bytes') return 0;
  if (kind === 'floats') return bytes.length / 4;
  let ends = 0;
  // The last byte of each integer has its highest bit clear.
  for (const byte of bytes) if (byte < 128) ends += 1;
  return ends;
}
