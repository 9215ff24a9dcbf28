import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { ArrivalWatch } from '../../../src/serving/limits/arrival-watch.js';

describe('ArrivalWatch', () => {
  it('ends what stops, and what trickles; not what comes fast enough', async () => {
    const watch = new ArrivalWatch({ graceMilliseconds: 100, bytesPerSecond: 1000 });
    const late: string[] = [];
    let fast = 0;
    let slow = 0;
    const sending = setInterval(() => {
      fast += 1000;
      slow += 1;
    }, 20);
    for (const [name, received] of [
      ['stopped', () => 5000],
      ['trickling', () => slow],
      ['fast', () => fast],
    ] as const) {
      watch.add({ received, onLate: ({ message }) => late.push(`${name}: ${message}`) });
    }
    await wait(700);
    clearInterval(sending);
    expect(late.toSorted()).toEqual([
      'stopped: The request did not arrive in time.',
      'trickling: The request did not arrive in time.',
    ]);
  });

  it('ends what comes for too long', async () => {
    const watch = new ArrivalWatch({ graceMilliseconds: 50, bytesPerSecond: 0, mostMilliseconds: 200 });
    let received = 0;
    const late = await new Promise<string>((resolve) => {
      watch.add({ received: () => (received += 1), onLate: ({ status }) => resolve(status) });
    });
    expect(late).toBe('DEADLINE_EXCEEDED');
  });
});
