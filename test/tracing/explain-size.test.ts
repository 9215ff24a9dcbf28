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
  ])('finds %s', (_, values, expected) => {
    expect(explainSize(values, [image])).toEqual(expected);
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
