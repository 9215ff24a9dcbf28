import { bodyBytes } from '../limits/received-body.js';
import { freeMemory } from '../limits/free-memory.js';

/** Smaller bodies, in bytes, get new memory. */
const leastBytes = 2 ** 20;
/** The most memory that is kept, in bytes: that of the largest body by default, and a byte. */
const mostBytes = 64 * 2 ** 20 + 1;

let spare: ArrayBuffer | undefined;

/**
 * Joins the pieces of a body in memory that this thread uses for one body after another: new memory takes 20 ms to be filled for the first time, and
 * V8 would collect garbage for each.
 *
 * @returns The body, until the next one is joined. Its memory is larger, so that `packValues` copies what is a view of it.
 */
export function joinBody(chunks: Uint8Array[]): Buffer {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (chunks.length < 2 || length < leastBytes || length >= mostBytes) return bodyBytes({ chunks, length });
  if (!spare || spare.byteLength <= length) {
    if (spare) freeMemory(spare);
    spare = new ArrayBuffer(Math.min(2 ** Math.ceil(Math.log2(length + 1)), mostBytes));
  }
  const body = Buffer.from(spare, 0, length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
