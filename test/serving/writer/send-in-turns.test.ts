import { describe, expect, it } from 'vitest';

import { answerOf, type LargeAnswer } from '../../../src/serving/writer/large-answer.js';
import { sendInTurns, type Sink, turnBytes } from '../../../src/serving/writer/send-in-turns.js';

const bytes = Buffer.from(Array.from({ length: 2.5 * 2 ** 20 }, (_, i) => i % 251));

describe('a large answer', () => {
  it('is sent in parts, one per turn of the event loop, even if each leaves at once', async () => {
    let turn = 0;
    const turns: number[] = [];
    const parts: Buffer[] = [];
    const freed: Buffer[] = [];
    const answer = { ...answerOf(bytes), free: (piece: Buffer) => freed.push(piece) };
    const tick = () => {
      turn += 1;
      next = setImmediate(tick);
    };
    // Before the answer's first turn, so that it is counted first in each.
    let next = setImmediate(tick);
    await sent(answer, {
      write: (part, done) => {
        turns.push(turn);
        parts.push(part);
        done();
      },
    });
    clearImmediate(next);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(Math.max(...parts.map(({ length }) => length))).toBe(turnBytes);
    expect(new Set(turns).size).toBe(parts.length);
    expect(freed.map(({ length }) => length)).toEqual([2 ** 20, 2 ** 20, 2 ** 19]);
  });

  it('waits until a part has left', async () => {
    const leave: (() => void)[] = [];
    void sent(answerOf(bytes), { write: (_part, done) => leave.push(done) });
    for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
    expect(leave.length).toBe(1);
    leave[0]?.();
    await new Promise(setImmediate);
    expect(leave.length).toBe(2);
  });

  it('is not sent on once nobody receives it, or a part fails', async () => {
    let count = 0;
    void sent(answerOf(bytes), {
      write: (_part, done) => {
        count += 1;
        done();
      },
      isGone: () => count === 3,
    });
    await expect(sent(answerOf(bytes), { write: (_part, done) => done(new Error('reset')) })).rejects.toThrow('reset');
    for (let i = 0; i < 10; i += 1) await new Promise(setImmediate);
    expect(count).toBe(3);
  });
});

function sent(
  answer: LargeAnswer,
  { write, isGone = () => false }: Pick<Sink, 'write'> & Partial<Sink>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    sendInTurns(answer, { write, isGone, end: (error) => (error ? reject(error) : resolve()) });
  });
}
