import { describe, expect, it } from 'vitest';

import { DataType } from '../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { type DecidingSize, explainSize } from '../../src/tracing/explain-size.js';
import type { SizeExpression, SizeOp } from '../../src/tracing/size-expression.js';
import { inGeneralPosition, SampleSizes } from '../../src/tracing/sample-sizes.js';

const image = { tensor: 'x', dataType: DataType.DT_FLOAT, shapes: [[2, 13, 17, 3], [3, 19, 23, 3], [5, 29, 31, 3]] }; // prettier-ignore
const axis = (n: number) => ({ source: image, axis: n });
const of = (op: SizeOp, a: SizeExpression, b: SizeExpression) => ({ op, a, b });

describe('explainSize', () => {
  it.each<[string, number[], SizeExpression]>([
    ['nothing', [7, 7, 7], 7],
    ['a dimension', [13, 19, 29], axis(1)],
    ['a dimension less two', [15, 21, 29], of('AddV2', axis(2), -2)],
    ['three times a dimension and one', [7, 10, 16], of('AddV2', of('Mul', axis(0), 3), 1)],
    ['a product', [2 * 13, 3 * 19, 5 * 29], of('Mul', axis(0), axis(1))],
    [
      'a multiple of three',
      [442 * 4, 1311 * 4, 4495 * 4],
      of('Mul', of('Mul', of('Mul', axis(0), axis(1)), axis(2)), 4),
    ],
    ['a dimension less than a number', [87, 81, 71], of('AddV2', of('Mul', axis(1), -1), 100)],
    ['a sum', [13 + 17, 19 + 23, 29 + 31], of('AddV2', axis(1), axis(2))],
  ])('finds %s', (_, values, expected) => {
    expect(explainSize(values, [image])).toEqual(expected);
  });

  it('finds a part, rounded, where every remainder was seen', () => {
    const shapes = [[24], [13], [38], [19]];
    const source = { ...image, shapes };
    const size = { source, axis: 0 };
    const divided = (plus: number, by: number) => shapes.map(([n = 0]) => Math.floor((n + plus) / by));
    expect(explainSize(divided(0, 2), [source])).toEqual(of('FloorDiv', size, 2));
    expect(explainSize(divided(1, 2), [source])).toEqual(of('FloorDiv', of('AddV2', size, 1), 2));
    expect(explainSize(divided(2, 3), [source])).toEqual(of('FloorDiv', of('AddV2', size, 2), 3));
    const withoutThree = { ...image, shapes: [[24], [13], [38], [17]] };
    expect(explainSize([6, 3, 9, 4], [withoutThree])).toBeNull();
  });

  it('says which size would decide between two that fit', () => {
    const shapes = [[24], [13], [38], [17]];
    const undecided: DecidingSize[] = [];
    explainSize([6, 3, 9, 4], [{ ...image, shapes }], undecided);
    const [{ size } = { size: 0 }] = undecided;
    // Down, or up from three quarters on.
    expect(Math.floor(size / 4)).not.toBe(Math.floor((size + 1) / 4));
  });

  const samples = Array.from({ length: 12 }, (_, i) => [1 + (i % 4), 7 + ((i * 37) % 90), 5 + ((i * 53) % 97)]);
  const picture = { ...image, shapes: samples };
  const [h, w] = [
    { source: picture, axis: 1 },
    { source: picture, axis: 2 },
  ];
  it.each<[string, (h: number, w: number) => number, SizeExpression]>([
    ['the larger of two', Math.max, of('Maximum', h, w)],
    ['the smaller of two', Math.min, of('Minimum', h, w)],
    ['half of what a side lacks to the larger', (a, b) => Math.floor((Math.max(a, b) - a) / 2), of('FloorDiv', of('Sub', of('Maximum', h, w), h), 2)],
    ['at most a number', (a) => Math.min(a, 40), of('Minimum', h, 40)],
    ['all but some, at least none', (a) => Math.max(0, a - 30), of('Maximum', of('AddV2', h, -30), 0)],
    ['what lacks to a multiple', (a) => (5 - (a % 5)) % 5, of('FloorMod', of('Mul', h, -1), 5)],
  ])('finds %s', (_, program, expected) => {
    expect(explainSize(samples.map(([, a = 0, b = 0]) => program(a, b)), [picture])).toEqual(expected);
  }); // prettier-ignore

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
