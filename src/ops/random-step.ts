import * as tf from '../tensorflow/tf.js';

/** Numbers that random draws depend on in addition to their seeds. */
interface RandomStep {
  /** int32 scalar. */
  readonly step: tf.Tensor;
  /** Which element of `mapFn` or turn of `whileLoop` it is, an int32 scalar; null outside of those. */
  readonly element: tf.Tensor | null;
  /** Number of the next draw. */
  next: number;
}

let current: RandomStep | null = null;

/**
 * While `run` runs, makes draws that have a seed (`randomUniform`, `randomNormal`, `Dropout`) depend on nothing but that seed, the
 * number of the step, and which draw of the step it is: a training that is resumed at a step draws what an uninterrupted one draws.
 *
 * Draws without a seed stay as they are, different each time.
 *
 * @param step int32 scalar, such as the optimizer's count of steps; in a graph, read when the graph runs.
 * @param run Makes its draws before it returns, in the same order at every step.
 */
export function withRandomStep<Result>(step: tf.Tensor, run: () => Result): Result {
  return within({ step, element: null, next: 0 }, run);
}

/** The step that draws depend on now, an int32 scalar; null outside of `withRandomStep`. */
export function currentRandomStep(): tf.Tensor | null {
  return current?.step ?? null;
}

/**
 * What the next draw depends on in addition to its seed, as the counter of Philox: 128 bits, of which a draw counts up the lowest 32. No two draws of
 * a step share a counter. Null outside of `withRandomStep`.
 *
 * @returns int32 [2, 2], the lower half first; the caller owns it.
 */
export function nextCounter(): tf.Tensor | null {
  if (!current) return null;
  const { step, element } = current;
  const number = nextNumber(current);
  return tf.tidy(() => {
    const words = [tf.scalar(0, 'int32'), element ?? tf.scalar(0, 'int32'), step, tf.scalar(number, 'int32')];
    return tf.reshape(tf.stack(words.map((word) => tf.reshape(tf.cast(word, 'int32'), []))), [2, 2]);
  });
}

/** Runs a body of an op. @param index Which element or turn it is, an int32 scalar; null for a branch. */
export type RunBody = <Result>(index: tf.Tensor | null, run: () => Result) => Result;

/**
 * For an op whose bodies run more or fewer times than they are traced. Numbers the draws in them so that a graph, where a body is traced once,
 * draws the same as eager execution, where it runs for every element.
 */
export function drawingBodies(): RunBody {
  if (!current) return (_, run) => run();
  const outer = current;
  const next = Math.imul(nextNumber(outer) + 1, bodyStride);
  return (index, run) => {
    const element = index ? elementOf(outer.element, index) : outer.element;
    return within({ step: outer.step, element, next }, run);
  };
}

/** Steps in which draws and bodies within a body, and elements of nested bodies, are numbered. They are odd, so that no number is lost. */
const bodyStride = 65_599;
const elementStride = 1_000_003;

/** From 1. */
function elementOf(outer: tf.Tensor | null, index: tf.Tensor): tf.Tensor {
  const own = tf.add(index, tf.scalar(1, 'int32'));
  return outer ? tf.add(tf.mul(outer, tf.scalar(elementStride, 'int32')), own) : own;
}

function nextNumber(step: RandomStep): number {
  const number = step.next;
  step.next = (number + 1) | 0;
  return number;
}

function within<Result>(step: RandomStep, run: () => Result): Result {
  const outer = current;
  current = step;
  try {
    return run();
  } finally {
    current = outer;
  }
}
