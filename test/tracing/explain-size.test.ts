import { describe, expect, it } from 'vitest';

import { DataType } from '../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { explainSize } from '../../src/tracing/explain-size.js';
import { inGeneralPosition, SampleSizes } from '../../src/tracing/sample-sizes.js';

const image = { tensor: 'x', dataType: DataType.DT_FLOAT, shapes: [[2, 13, 17, 3], [3, 19, 23, 3], [5, 29, 31, 3]] }; // prettier-ignore
const axis = (n: number) => ({ source: image, axis: n });

describe('explainSize', () => {
  it.each([
    ['nothing', [7, 7, 7], { factor: 0, dimensions: [], offset: 7 }],
    ['a dimension', [13, 19, 29], { factor: 1, dimensions: [axis(1)], offset: 0 }],
    ['a dimension less two', [15, 21, 29], { factor: 1, dimensions: [axis(2)], offset: -2 }],
    ['three times a dimension and one', [7, 10, 16], { factor: 3, dimensions: [axis(0)], offset: 1 }],
    ['a product', [2 * 13, 3 * 19, 5 * 29], { factor: 1, dimensions: [axis(0), axis(1)], offset: 0 }],
    [
      'a multiple of three',
      [442 * 4, 1311 * 4, 4495 * 4],
      { factor: 4, dimensions: [axis(0), axis(1), axis(2)], offset: 0 },
    ],
    ['a dimension less than a number', [87, 81, 71], { factor: -1, dimensions: [axis(1)], offset: 100 }],
    ['a sum', [13 + 17, 19 + 23, 29 + 31], { factor: 1, dimensions: [axis(1)], offset: 0, added: axis(2) }],
  ])('finds %s', (_, values, expected) => {
    expect(explainSize(values, [image])).toEqual(expected);
  });

  it('finds a part, rounded, where every remainder was seen', () => {
    const shapes = [[24], [13], [38], [19]];
    const source = { ...image, shapes };
    const divided = (plus: number, by: number) => shapes.map(([size = 0]) => Math.floor((size + plus) / by));
    const quotient = (plus: number, by: number) => ({ factor: 1, offset: 0, quotient: { plus, by } });
    expect(explainSize(divided(0, 2), [source])).toMatchObject(quotient(0, 2));
    expect(explainSize(divided(1, 2), [source])).toMatchObject(quotient(1, 2));
    expect(explainSize(divided(2, 3), [source])).toMatchObject(quotient(2, 3));
    const withoutThree = { ...image, shapes: [[24], [13], [38], [17]] };
    expect(explainSize([6, 3, 9, 4], [withoutThree])).toBeNull();
  });

  it('admits what it cannot explain', () => {
    expect(explainSize([4, 9, 26], [image])).toBeNull();
  });
});

describe('SampleSizes', () => {
  it('stays in general position', () => {
    const sizes = new SampleSizes();
    const samples = Array.from({ length: 12 }, () => sizes.next());
    expect(inGeneralPosition(samples)).toBe(true);
    expect(inGeneralPosition([...samples, [4, 10, 6, 8]])).toBe(false);
  });
});
