import { describe, expect, it } from 'vitest';

import { copyInTurns, largeBytes } from '../../../src/serving/limits/copy-in-turns.js';

describe('copyInTurns', () => {
  it('copies every element to its place, and gives way in between', async () => {
    const elements = largeBytes / Float64Array.BYTES_PER_ELEMENT;
    const source = Float64Array.from({ length: 5 * elements + 3 }, (_, i) => i);
    const target = new Float64Array(source.length + 2);
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await copyInTurns([{ target, source, at: 1 }]);
    clearImmediate(next);
    expect(target[0]).toBe(0);
    expect(target.at(-1)).toBe(0);
    expect(target.subarray(1, -1)).toEqual(source);
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  it('copies many small pieces, one request after another, whatever became of the one before', async () => {
    const pieces = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(1000, i));
    const target = new Uint8Array(3_000_000);
    const tooSmall = new Uint8Array(1);
    const failed = copyInTurns(pieces.map((source) => ({ target: tooSmall, source, at: 0 })));
    const copied = copyInTurns(pieces.map((source, i) => ({ target, source, at: i * 1000 })));
    await expect(failed).rejects.toThrow(RangeError);
    await copied;
    expect(Buffer.from(target.buffer).equals(Buffer.concat(pieces))).toBe(true);
  });
});
