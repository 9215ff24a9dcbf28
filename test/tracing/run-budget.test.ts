import { expect, it } from 'vitest';

import type { BindingAttribute } from '../../src/tensorflow/backend.js';
import { withinLimit } from '../../src/tensorflow/mended/op-listener.js';
import * as tf from '../../src/tensorflow/tf.js';
import { RunBudget, TakesTooLong } from '../../src/tracing/run-budget.js';

interface RanOp {
  readonly op: string;
  readonly inputs: readonly tf.Tensor[];
  readonly attributes: readonly BindingAttribute[];
  readonly elements: number;
}

/** The convolution that an action runs, and how many numbers it gave. */
function convolutionOf(action: () => tf.Tensor): RanOp {
  const ran: RanOp[] = [];
  let attributes: readonly BindingAttribute[] = [];
  const limit = {
    before: (_: string, __: unknown, given: readonly BindingAttribute[]) => void (attributes = given),
    after: (op: string, inputs: readonly tf.Tensor[], [output]: readonly tf.Tensor[]) => {
      if (op.includes('onv')) ran.push({ op, inputs, attributes, elements: output?.size ?? 0 });
    },
  };
  withinLimit(limit, () => action().dispose());
  const [only] = ran;
  if (!only) throw new Error('no convolution ran');
  return only;
}

const pictures = (height: number, width: number) => tf.zeros<tf.Rank.R4>([3, height, width, 4]);
const filter = (height: number, width: number, outputs: number) => tf.zeros<tf.Rank.R4>([height, width, 4, outputs]);

it.each<[string, () => tf.Tensor]>([
  ['without padding', () => tf.conv2d(pictures(11, 8), filter(5, 3, 6), 1, 'valid')],
  ['padded', () => tf.conv2d(pictures(11, 8), filter(5, 3, 6), 1, 'same')],
  ['in steps', () => tf.conv2d(pictures(11, 8), filter(3, 3, 6), [2, 3], 'valid')],
  ['padded, in steps', () => tf.conv2d(pictures(11, 8), filter(3, 3, 6), [3, 2], 'same')],
  ['with holes', () => tf.conv2d(pictures(11, 12), filter(3, 2, 6), 1, 'valid', 'NHWC', [2, 3])],
  ['padded, with holes', () => tf.conv2d(pictures(11, 8), filter(3, 2, 6), 1, 'same', 'NHWC', [2, 3])],
  ['depthwise', () => tf.depthwiseConv2d(pictures(11, 8), filter(3, 3, 2), 2, 'valid')],
  ['depthwise, padded', () => tf.depthwiseConv2d(pictures(11, 8), filter(3, 3, 2), 2, 'same')],
])('says before a convolution runs whether it costs too much: %s', (_, action) => {
  tf.tidy(() => {
    const { op, inputs, attributes, elements } = convolutionOf(action);
    const [height = 0, width = 0, channels = 0] = inputs[1]?.shape ?? [];
    const cost = 2e4 + elements * height * width * channels;
    const enough = new RunBudget(cost);
    const before = (budget: RunBudget) => budget.before(op, inputs, attributes, () => []);
    before(enough);
    expect(enough.spent).toBe(0);
    const little = new RunBudget(cost - 1);
    expect(() => before(little)).toThrow(TakesTooLong);
    expect(little.spent).toBe(cost - 1);
  });
});
