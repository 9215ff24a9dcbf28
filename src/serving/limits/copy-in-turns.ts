import { setImmediate as nextTurn } from 'node:timers/promises';

import type { TypedElements } from '../../tensorflow/data-type.js';

/** Maximum size in bytes that is copied at once. */
export const largeBytes = 2 ** 20;
/** Bytes of a larger copy that are copied in one turn of the event loop: less than a millisecond's work, most of it for new memory. */
const turnBytes = 2 ** 18;

/** Elements to copy from one array into another of the same type. */
export interface Copy {
  readonly target: TypedElements;
  readonly source: TypedElements;
  /** Index in `target` of the first element. */
  readonly at: number;
}

/** The copies in progress: copying for two requests at once would make turns twice as long. */
let last: Promise<void> = Promise.resolve();

/** Copies elements; large copies take several turns of the event loop, so that others are answered in between. */
export function copyInTurns(copies: readonly Copy[]): Promise<void> {
  const bytes = copies.reduce((sum, { source }) => sum + source.byteLength, 0);
  if (bytes <= largeBytes) {
    copies.forEach(copy);
    return Promise.resolve();
  }
  const done = last.then(() => copyOverTurns(copies));
  last = done.catch(() => undefined);
  return done;
}

async function copyOverTurns(copies: readonly Copy[]): Promise<void> {
  let left = turnBytes;
  for (const { target, source, at } of copies) {
    const step = Math.floor(turnBytes / source.BYTES_PER_ELEMENT);
    for (let start = 0; start < source.length; start += step) {
      const part = source.subarray(start, start + step);
      if (left < part.byteLength) {
        await nextTurn();
        left = turnBytes;
      }
      left -= part.byteLength;
      copy({ target, source: part, at: at + start });
    }
  }
}

/** Both are of the same type, which the compiler cannot know. */
function copy({ target, source, at }: Copy): void {
  (target as Float32Array).set(source as Float32Array, at);
}
