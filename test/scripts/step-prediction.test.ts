import { describe, expect, it } from 'vitest';

import {
  bytesPerStep,
  efficiency,
  exchangeSeconds,
  smallestBatch,
  stepSeconds,
} from '../../scripts/step-prediction.js';

const training = { workers: 4, gradientBytes: 100e6, bitsPerSecond: 1e9 };
const machine = { secondsPerImage: 0.01, secondsPerStep: 0.1 };

describe('the prediction of a step', () => {
  it('sends the bytes of a ring', () => {
    expect(bytesPerStep({ workers: 1, gradientBytes: 100 })).toBe(0);
    expect(bytesPerStep({ workers: 2, gradientBytes: 100 })).toBe(100);
    expect(bytesPerStep({ workers: 4, gradientBytes: 100 })).toBe(150);
    expect(bytesPerStep({ workers: 100, gradientBytes: 100 })).toBe(198);
  });

  it('adds up computing, wire, machines and turns', () => {
    const exchange = (150e6 * 8 * 1514) / 1448 / 1e9 + 150e6 * 2.5e-9 + 6 * 0.0002;
    expect(exchangeSeconds(training)).toBeCloseTo(exchange, 9);
    expect(stepSeconds(training, machine, 64)).toBeCloseTo(0.1 + 0.16 + exchange, 9);
    expect(exchangeSeconds({ ...training, hostSecondsPerByte: 0, latencySeconds: 0, bitsPerSecond: Infinity })).toBe(0);
  });

  it('loses nothing on one machine', () => {
    const alone = { ...training, workers: 1 };
    expect(stepSeconds(alone, machine, 8)).toBeCloseTo(0.18, 9);
    expect(efficiency(alone, machine, 8)).toBeCloseTo(1, 9);
  });

  it('finds the smallest batch that is efficient enough', () => {
    const batch = smallestBatch(training, machine, 0.85);
    expect(efficiency(training, machine, batch)).toBeGreaterThanOrEqual(0.85);
    expect(efficiency(training, machine, batch - 1)).toBeLessThan(0.85);
    const half = smallestBatch({ ...training, gradientBytes: 50e6 }, { secondsPerImage: 0.01 }, 0.85);
    expect(half / smallestBatch(training, { secondsPerImage: 0.01 }, 0.85)).toBeCloseTo(0.5, 2);
    expect(smallestBatch({ ...training, gradientBytes: 0, latencySeconds: 0 }, { secondsPerImage: 1 }, 0.85)).toBe(4);
  });
});
