import { describe, expect, it } from 'vitest';

import { MemoryBudget } from '../../../src/serving/limits/memory-budget.js';

const mebi = 2 ** 20;

describe('MemoryBudget', () => {
  it('gives an address half of what the others leave, and keeps a quarter for small requests', () => {
    const budget = new MemoryBudget(512 * mebi);
    const greedy = budget.open('10.0.0.1');
    greedy.take(192 * mebi);
    expect(() => budget.open('10.0.0.1').take(2 * mebi)).toThrow(
      'The requests of your address would take more than 192 MiB, its share of the server. Try again later.',
    );
    // The next address gets half of what is left, and so on: nobody takes everything.
    budget.open('10.0.0.2').take(96 * mebi);
    expect(() => budget.open('10.0.0.2').take(mebi + 1)).toThrow('its share of the server');
    budget.open('10.0.0.3').take(48 * mebi);
    // A small request passes from every address, the greedy one too.
    for (let i = 0; i < 100; i += 1) budget.open('10.0.0.1').take(mebi);
    expect(budget.taken).toBe((192 + 96 + 48 + 100) * mebi);
  });

  it('does not count twice what is given back twice', () => {
    const budget = new MemoryBudget(1000);
    const claim = budget.open('a');
    claim.take(1);
    claim.release();
    claim.release();
    claim.give(5);
    expect(budget.taken).toBe(0);
  });

  it('does not let a request be small in many pieces', () => {
    const budget = new MemoryBudget(512 * mebi);
    const claim = budget.open('a');
    const trickle = () => {
      for (let i = 0; i < 512; i += 1) claim.take(mebi);
    };
    expect(trickle).toThrow('its share of the server');
    expect(budget.taken).toBe(192 * mebi);
  });

  it('keeps room for requests of ordinary size, however many small ones there are', () => {
    const budget = new MemoryBudget(512 * mebi);
    const fill = (address: string, bytes: number) => {
      for (let i = 0; i < 8192; i += 1) budget.open(address).take(bytes);
    };
    // One address does not get all that is there for small ones.
    expect(() => fill('10.0.0.1', mebi)).toThrow('more than 360 MiB, its share');
    expect(() => fill('10.0.0.2', mebi)).toThrow('take 480 MiB already');
    for (let i = 0; i < 512; i += 1) budget.open('10.0.0.3').take(mebi / 16);
    expect(budget.taken).toBe(512 * mebi);
  });

  it('keeps room for other addresses when one has many requests of ordinary size', () => {
    const budget = new MemoryBudget(512 * mebi);
    const fill = (address: string) => {
      for (let i = 0; i < 8193; i += 1) budget.open(address).take(mebi / 16);
    };
    expect(() => fill('10.0.0.1')).toThrow('more than 480 MiB, its share');
    expect(() => fill('10.0.0.2')).toThrow('take 512 MiB already');
  });

  it('takes all addresses of a /64 for one client', () => {
    const budget = new MemoryBudget(512 * mebi);
    budget.open('2001:db8:0:1::1').take(192 * mebi);
    expect(() => budget.open('2001:db8:0:1:2:3:4:5').take(2 * mebi)).toThrow('its share of the server');
    budget.open('2001:db8:0:2::1').take(2 * mebi);
    budget.open('::ffff:10.0.0.1').take(2 * mebi);
    budget.open('::ffff:10.0.0.2').take(2 * mebi);
  });

  it('takes nothing more for a request that is over, whatever still computes for it', () => {
    const budget = new MemoryBudget(512 * mebi);
    const claim = budget.open('a');
    claim.take(mebi);
    claim.close();
    expect(budget.taken).toBe(0);
    expect(() => claim.exchange(mebi)).toThrow('Cancelled: the client has gone.');
    expect(budget.taken).toBe(0);
  });
});
