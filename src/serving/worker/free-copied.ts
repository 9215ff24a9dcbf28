import { isStrings } from './packed-value.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { freeMemory } from '../limits/free-memory.js';

/** Smaller memory, in bytes, is left to V8; Node.js may have put other things into it too. */
const leastBytes = 2 ** 16;

/**
 * Frees the memory of large values that another thread has got in another place. V8 would collect garbage for it, with its own threads, which then
 * compete for the processor with the one that answers.
 *
 * @param moved Memory that has moved, or that something else still needs.
 */
export function freeCopied(values: Readonly<Record<string, TensorValue>>, moved: readonly unknown[]): void {
  const kept = new Set(moved);
  for (const { values: elements } of Object.values(values)) {
    for (const { buffer } of isStrings(elements) ? elements : [elements]) {
      if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < leastBytes || kept.has(buffer)) continue;
      kept.add(buffer);
      freeMemory(buffer);
    }
  }
}
