import { describe, expect, it } from 'vitest';

import { DataType } from '../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { explainSize } from '../../src/tracing/explain-size.js';
import { evaluateSize, type SizeSource } from '../../src/tracing/size-expression.js';
import { SampleSizes, tracesForUnknownSizes } from '../../src/tracing/sample-sizes.js';

/** A number that JavaScript computes from sizes. */
type Program = (...sizes: number[]) => number;

const unknown = 7;
const samples = new SampleSizes();
const columns = Array.from({ length: unknown }, () => samples.next());
const source: SizeSource = {
  tensor: 'x',
  dataType: DataType.DT_FLOAT,
  shapes: Array.from({ length: tracesForUnknownSizes }, (_, trace) => columns.map((column) => column[trace] ?? 0)),
};

/** Sizes that a call may have. */
const calls = Array.from({ length: 60 }, (_, i) =>
  Array.from({ length: unknown }, (__, k) => 1 + ((i * (7 + 6 * k)) % 97)),
);

/** Whether a program is explained as what it is, or not at all. */
function isSound(program: Program): boolean {
  const expression = explainSize(
    source.shapes.map((sizes) => program(...sizes)),
    [source],
  );
  return (
    expression === null ||
    calls.every((sizes) => evaluateSize(expression, ({ axis }) => sizes[axis] ?? 0) === program(...sizes))
  );
}

/** The same program of every dimension. */
function ofEach(program: (size: number) => number): [number, Program][] {
  return Array.from({ length: unknown }, (_, axis) => [axis, (...sizes) => program(sizes[axis] ?? 0)]);
}

/** The same program of every two dimensions, the batch aside: nobody compares it with a width. */
function ofPairs(program: (a: number, b: number) => number): Program[] {
  return columns.flatMap((_, a) =>
    columns.flatMap((__, b): Program[] =>
      a === b || a * b === 0 ? [] : [(...sizes) => program(sizes[a] ?? 0, sizes[b] ?? 0)],
    ),
  );
}

const divisors = [2, 3, 4, 5, 6, 7, 8, 16];
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a number that JavaScript computes from sizes is explained as what it is, or not at all', () => {
  it('windows with strides, and what grows from them again', () => {
    const wrong = divisors.flatMap((by) =>
      upTo(by).flatMap((plus) =>
        [1, 2, by].flatMap((factor) =>
          // The first dimension, a batch, is too small to be divided by much; nobody strides over it.
          ofEach((size) => factor * Math.floor((size + plus) / by))
            .filter(([axis, program]) => axis > 0 && !isSound(program))
            .map(([axis]) => `${factor} * floor((size ${axis} + ${plus}) / ${by})`),
        ),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('remainders, as in paddings to a multiple', () => {
    const wrong = divisors.flatMap((by) =>
      upTo(by).flatMap((plus) =>
        ofEach((size) => (size + plus) % by)
          .filter(([axis, program]) => axis > 0 && !isSound(program))
          .map(([axis]) => `(size ${axis} + ${plus}) % ${by}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it.each<[string, Program[]]>([
    ['sums', ofPairs((a, b) => a + b)],
    ['differences', ofPairs((a, b) => a - b)],
    ['products', ofPairs((a, b) => 6 * a * b)],
    ['the larger of two', ofPairs(Math.max)],
    ['the smaller of two', ofPairs(Math.min)],
    ['whole quotients', ofPairs((a, b) => Math.floor(a / b))],
    ['means', ofPairs((a, b) => Math.floor((a + b) / 2))],
    ['triangles', ofPairs((a) => (a * (a - 1)) / 2)],
    ['roots', ofPairs((a) => Math.ceil(Math.sqrt(a)))],
    ['logarithms', ofPairs((a) => Math.ceil(Math.log2(a)))],
  ])('%s', (_, programs) => {
    expect(programs.map(isSound)).toEqual(programs.map(() => true));
  });
});
