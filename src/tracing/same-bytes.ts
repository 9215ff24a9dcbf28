/** Whether two lists of numbers of one type have the same bytes; null where they are not of one type, or are not numbers. */
export function sameBytes(a: unknown, b: unknown): boolean | null {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return null;
  return bytesOf(a).equals(bytesOf(b));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
