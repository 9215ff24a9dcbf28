import { describe, expect, it } from 'vitest';

import { Agreement } from '../../src/evaluation/agreement.js';

const logits = (...values: number[]) => Float32Array.from(values);

function agreementOf(...images: Record<string, Float32Array>[]) {
  const agreement = new Agreement<string>();
  for (const [i, transports] of images.entries()) agreement.add(`${i}.png`, new Map(Object.entries(transports)));
  return agreement.result();
}

describe('Agreement', () => {
  it('finds the largest difference of any two transports, over all images', () => {
    expect(
      agreementOf(
        { a: logits(1, 2), b: logits(1, 2.25), c: logits(1.5, 2) },
        { a: logits(0, 3), b: logits(0, 3), c: logits(0, 3) },
      ),
    ).toEqual({ maxLogitDifference: 0.5, differing: [] });
  });

  it('names the images of which two transports see different classes', () => {
    const { differing } = agreementOf(
      { a: logits(1, 2, 3), b: logits(1, 2, 3) },
      { a: logits(1, 2, 3), b: logits(1, 3, 2) },
    );
    expect(differing).toEqual([{ path: '1.png', predicted: { a: 2, b: 1 } }]);
  });

  it('takes the first of equal logits', () => {
    expect(agreementOf({ a: logits(2, 2), b: logits(2, 1) }).differing).toEqual([]);
  });

  it('compares numbers that are not finite', () => {
    expect(agreementOf({ a: logits(NaN, Infinity), b: logits(NaN, Infinity) }).maxLogitDifference).toBe(0);
    expect(agreementOf({ a: logits(NaN), b: logits(1) }, { a: logits(1), b: logits(2) }).maxLogitDifference).toBeNaN();
    expect(agreementOf({ a: logits(-Infinity), b: logits(1) }).maxLogitDifference).toBe(Infinity);
  });

  it('says nothing of a transport alone', () => {
    expect(agreementOf({ a: logits(1, 2) })).toEqual({ maxLogitDifference: 0, differing: [] });
    expect(agreementOf()).toEqual({ maxLogitDifference: 0, differing: [] });
  });
});
