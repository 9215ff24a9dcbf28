import { describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { joinBody } from '../../../src/serving/reader/join-body.js';
import { packValues } from '../../../src/serving/worker/packed-value.js';

const random = createRandom(3);
const pieces = (...sizes: number[]) => sizes.map((size) => Buffer.alloc(size, Math.floor(random() * 256)));

describe('a body of several pieces', () => {
  it('is joined in memory that is used again, and grows', () => {
    const memory: ArrayBufferLike[] = [];
    for (const sizes of [[2 ** 20, 2 ** 20, 5], [2 ** 20, 2 ** 19], [2 ** 21, 2 ** 21], [2 ** 20, 1]]) {
      const sent = pieces(...sizes);
      const body = joinBody(sent);
      expect(body.equals(Buffer.concat(sent))).toBe(true);
      expect(body.buffer.byteLength).toBeGreaterThan(body.length);
      memory.push(body.buffer);
    }
    const [first, second, third, fourth] = memory;
    expect([second === first, third === first, fourth === third]).toEqual([true, false, true]);
    // Freed when it was too small.
    expect(first?.byteLength).toBe(0);
  });

  it('gives values that do not move away with its memory', () => {
    const body = joinBody(pieces(2 ** 20, 2 ** 20));
    const memory = body.buffer;
    const values = packValues({ file: { dtype: 'string', shape: [1], values: [body] } }, true);
    expect(values.transfer).not.toContain(memory);
    expect(memory.byteLength).toBeGreaterThan(0);
  });

  it('gets memory of its own if it is small, or larger than the default limit', () => {
    const kept = joinBody(pieces(2 ** 20, 1)).buffer;
    for (const sizes of [[2 ** 16, 2 ** 16], [2 ** 25, 2 ** 25, 2]]) {
      const sent = pieces(...sizes);
      const body = joinBody(sent);
      expect(body.equals(Buffer.concat(sent))).toBe(true);
      expect(body.buffer).not.toBe(kept);
    }
    const [one = Buffer.alloc(0)] = pieces(2 ** 21);
    expect(joinBody([one]).buffer).toBe(one.buffer);
  });
}); // prettier-ignore
