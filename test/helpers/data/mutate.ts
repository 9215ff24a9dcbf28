import type { Random } from '../../../src/data/dataset/random.js';

/** Bytes that mean something to parsers of binary formats: sizes, counts and offsets at their limits. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0xfe];
const words = [
  0n,
  1n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
  0x10000n,
  0x01000000n,
];

/**
 * Returns a copy of a file with the kinds of damage that accidents and attackers cause: changed bits, bytes, sizes and offsets; pieces that are
 * missing, repeated or from another file.
 *
 * @param random Draws numbers in [0, 1).
 * @param marks Offsets near a parser's own structures. Half of the damage is done there. Default: the beginning and the end.
 */
export function mutated(bytes: Uint8Array, random: Random, marks: readonly number[] = [0, bytes.length - 64]): Buffer {
  let copy: Buffer = Buffer.from(bytes);
  const changes = 1 + Math.floor(random() ** 2 * 8);
  for (let i = 0; i < changes; i += 1) copy = changed(copy, random, marks);
  return copy;
}

function changed(bytes: Buffer, random: Random, marks: readonly number[]): Buffer {
  if (bytes.length < 16) return bytes;
  const below = (limit: number) => Math.floor(random() * limit);
  const near = (marks[below(marks.length)] ?? 0) + below(96);
  const at = Math.max(0, Math.min(bytes.length - 9, random() < 0.7 ? near : below(bytes.length)));
  const length = 1 + below(64);
  switch (below(9)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      return bytes;
    case 1:
      bytes[at] = extremes[below(extremes.length)] ?? 0;
      return bytes;
    case 2:
      bytes.writeUInt32LE(Number((words[below(words.length)] ?? 0n) & 0xffffffffn), at);
      return bytes;
    case 3:
      bytes.writeUInt32BE(Number((words[below(words.length)] ?? 0n) & 0xffffffffn), at);
      return bytes;
    case 4:
      bytes.writeBigUInt64LE(words[below(words.length)] ?? 0n, at);
      return bytes;
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 6:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 7:
      bytes.copy(bytes, at, below(bytes.length), below(bytes.length) + length);
      return bytes;
    default:
      return random() < 0.3 ? bytes.subarray(0, at + 1) : Buffer.concat([bytes.subarray(0, at), Buffer.of(below(256)), bytes.subarray(at + 1)]);
  }
} // prettier-ignore

/** Where the given words begin in a file. */
export function offsetsOf(bytes: Buffer, signatures: readonly string[]): number[] {
  return signatures.flatMap((signature) => {
    const found: number[] = [];
    for (let at = bytes.indexOf(signature, 0, 'latin1'); at !== -1; at = bytes.indexOf(signature, at + 1, 'latin1')) found.push(at);
    return found;
  });
} // prettier-ignore
