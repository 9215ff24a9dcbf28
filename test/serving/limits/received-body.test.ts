import { describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { BodyPieces, movedBody, releaseBody } from '../../../src/serving/limits/received-body.js';
import { sharedMemory } from '../../../src/serving/worker/shared-memory.js';

describe('the pieces of a body', () => {
  it('are its bytes in their order, whatever their sizes', () => {
    const random = createRandom(5);
    for (let round = 0; round < 200; round += 1) {
      const sent = Array.from({ length: 1 + Math.floor(random() * 60) }, () =>
        Buffer.alloc(Math.floor(random() ** 4 * 20_000), Math.floor(random() * 256)),
      );
      const pieces = new BodyPieces();
      for (const chunk of sent) pieces.add(chunk);
      expect(Buffer.concat(pieces.chunks).equals(Buffer.concat(sent)), `round ${round}`).toBe(true);
    }
  });

  it('are few and as large as what was sent, when they come byte by byte', () => {
    const pieces = new BodyPieces();
    for (let i = 0; i < 300_000; i += 1) pieces.add(Buffer.of(i % 256));
    expect(pieces.chunks.length).toBeLessThan(8);
    const memory = new Set(pieces.chunks.map(({ buffer }) => buffer));
    expect([...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(400_000);
  });

  it('stay what they are when they are large, or when there is one', () => {
    const [large, small] = [Buffer.alloc(2 ** 16), Buffer.of(1, 2)];
    for (const sent of [[large, large], [small], [large, small, large]]) {
      const pieces = new BodyPieces();
      for (const chunk of sent) pieces.add(chunk);
      expect(pieces.chunks.every((chunk, i) => chunk === sent[i])).toBe(true);
    }
  });

  it('are in shared memory from the second mebibyte on, until the body is released', () => {
    const random = createRandom(6);
    const sent = Array.from({ length: 100 }, () => Buffer.alloc(Math.floor(random() * 80_000), Math.floor(random() * 256)));
    const whole = Buffer.concat(sent);
    const before = sharedMemory.lent;
    const pieces = new BodyPieces();
    for (const chunk of sent) pieces.add(chunk);
    expect(Buffer.concat(pieces.chunks).equals(whole)).toBe(true);
    const shared = pieces.chunks.filter(({ buffer }) => buffer instanceof SharedArrayBuffer);
    expect(shared.length).toBe(Math.ceil((whole.length - 2 ** 20) / 2 ** 20));
    const { chunks } = movedBody({ chunks: pieces.chunks, length: whole.length });
    expect(chunks.filter((chunk) => shared.includes(chunk))).toEqual(shared);
    releaseBody(pieces);
    expect([pieces.chunks.length, sharedMemory.lent]).toEqual([0, before]);
  });
}); // prettier-ignore
