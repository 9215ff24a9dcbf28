import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { Pace, type Pausable } from '../../../src/serving/limits/pace.js';
import { Turns } from '../../../src/serving/limits/turns.js';

/** Computes, and lets nothing else run. */
function compute(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

describe('Turns', () => {
  it('lets requests compute in their order, and the event loop turn in between', async () => {
    const turns = new Turns();
    const done: number[] = [];
    const requests = Array.from({ length: 20 }, async (_, i) => {
      const turn = turns.take();
      if (turn) await turn;
      compute(4);
      done.push(i);
    });
    const counts: number[] = [];
    while (done.length < 20) {
      counts.push(done.length);
      await nextTurn();
    }
    await Promise.all(requests);
    expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i));
    // 10 ms hold three of them.
    expect(counts.length).toBeGreaterThanOrEqual(5);
  });

  it('are shorter while connections come', async () => {
    // A clock that stands still between the lines, whatever else this machine does.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const turns = new Turns();
    await turns.take();
    const atOnce = turns.take();
    vi.advanceTimersByTime(2);
    const long = turns.take();
    turns.shorten();
    const short = turns.take();
    expect([atOnce, long, short]).toEqual([undefined, undefined, expect.any(Promise)]);
  });
});

describe('Pace', () => {
  class Source implements Pausable {
    isPaused = false;
    pause = () => (this.isPaused = true);
    resume = () => (this.isPaused = false);
  }

  it('pauses what comes too fast, and lets it go on in its order', async () => {
    const pace = new Pace();
    const sources = Array.from({ length: 9 }, () => new Source());
    pace.count(new Source(), 2 ** 18);
    for (const source of sources) pace.count(source, 1);
    expect(sources.every(({ isPaused }) => isPaused)).toBe(true);
    await nextTurn();
    expect(sources.map(({ isPaused }) => isPaused)).toEqual(sources.map((_, i) => i >= 4));
    await nextTurn();
    await nextTurn();
    expect(sources.every(({ isPaused }) => !isPaused)).toBe(true);
  });

  it('lets what nobody wants any more go on one by one', async () => {
    const pace = new Pace();
    const [first, second] = [new Source(), new Source()];
    for (const source of [first, second]) {
      pace.drop(source);
      pace.count(source, 1);
    }
    expect([first.isPaused, second.isPaused]).toEqual([true, true]);
    await nextTurn();
    expect([first.isPaused, second.isPaused]).toEqual([false, true]);
    pace.forget(second);
    await nextTurn();
    expect(second.isPaused).toBe(true);
  });
});
