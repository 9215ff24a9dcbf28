import { describe, expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { randomNormal, randomUniform } from '../../src/ops/random.js';
import { currentRandomStep, withRandomStep } from '../../src/ops/random-step.js';
import { whileLoop } from '../../src/ops/while-loop.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const seed = 7;

function drawAll(step: tf.Tensor, n: number | tf.Tensor) {
  return withRandomStep(step, () => ({
    first: randomUniform([n, 2], -1, 3, seed),
    second: randomUniform([n, 2], -1, 3, seed),
    normal: randomNormal([n], 5, 2, seed),
    withoutSeed: randomUniform([n]),
  }));
}

const draws = tfFunction((step: tf.Tensor, n: tf.Tensor) => drawAll(step, n), {
  inputSignature: { step: tensorSpec('int32', []), n: tensorSpec('int32', []) },
  name: 'draws',
});

/** Sizes that are constants: XLA has no others. */
const fixed = tfFunction((step: tf.Tensor) => drawAll(step, 1000), {
  inputSignature: { step: tensorSpec('int32', []) },
  name: 'fixed',
});

type Values = Record<'first' | 'second' | 'normal' | 'withoutSeed', number[]>;

function valuesOf(results: Readonly<Record<string, tf.Tensor>>): Values {
  return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, Array.from(t.dataSync())])) as Values;
}

const int = (value: number) => tf.scalar(value, 'int32');

describe('withRandomStep', () => {
  it('draws the same from the same step in two sessions and eagerly, and others at every step', async () => {
    const sessions = [];
    for (let i = 0; i < 2; i += 1)
      sessions.push(await CompiledFunctions.compile({ draws: draws.getConcreteFunction() }));
    const roads = [
      ...sessions.map((session) => (step: number) => valuesOf(session.call('draws', [int(step), int(1000)]))),
      (step: number) => valuesOf(drawAll(int(step), 1000)),
    ];
    // The second begins in the middle, as a training does that is resumed.
    const [whole, resumed, eager] = roads.map((road, i) => (i === 1 ? [2] : [0, 1, 2]).map(road));
    for (const name of ['first', 'second', 'normal'] as const) {
      expect(resumed?.[0]?.[name]).toEqual(whole?.[2]?.[name]);
      expect(eager?.map((values) => values[name])).toEqual(whole?.map((values) => values[name]));
      expect(new Set(whole?.map((values) => values[name].join())).size).toBe(3);
    }
    expect(resumed?.[0]?.withoutSeed).not.toEqual(whole?.[2]?.withoutSeed);
    sessions.forEach((session) => session.dispose());
  });

  it('draws others for the second draw of a seed, and for another seed', () => {
    const { first, second } = valuesOf(drawAll(int(3), 1000));
    const other = withRandomStep(int(3), () => randomUniform([1000, 2], -1, 3, seed + 1)).dataSync();
    const draws = [first, second, Array.from(other)];
    for (const [i, a] of draws.entries()) {
      expect(Math.abs(mean(a) - 1)).toBeLessThan(0.15);
      expect(Math.min(...a)).toBeGreaterThanOrEqual(-1);
      expect(Math.max(...a)).toBeLessThan(3);
      // Neither the same numbers nor the same ones elsewhere.
      for (const b of draws.slice(i + 1)) expect(new Set([...a, ...b]).size).toBeGreaterThan(3990);
    }
  });

  it('draws by XLA what the graph draws: uniform ones bit for bit, normal ones but for rounding', async () => {
    const graph = fixed.getConcreteFunction();
    const compiled = await CompiledFunctions.compile({ graph, xla: graph.jitCompiled() });
    const [byGraph, byXla] = ['graph', 'xla'].map((name) => valuesOf(compiled.call(name, [int(4)])));
    expect(byXla?.first).toEqual(byGraph?.first);
    expect(byXla?.second).toEqual(byGraph?.second);
    byXla?.normal.forEach((value, i) => expect(Math.abs(value - (byGraph?.normal[i] ?? NaN))).toBeLessThan(1e-4));
    compiled.dispose();
  });

  it('counts for its own run alone', () => {
    expect(currentRandomStep()).toBeNull();
    const outer = int(1);
    withRandomStep(outer, () => {
      const before = randomUniform([3], 0, 1, seed).dataSync();
      withRandomStep(int(1), () => expect(randomUniform([3], 0, 1, seed).dataSync()).toEqual(before));
      expect(currentRandomStep()).toBe(outer);
      expect(randomUniform([3], 0, 1, seed).dataSync()).not.toEqual(before);
      expect(() => withRandomStep(int(2), () => { throw new Error('no'); })).toThrow('no'); // prettier-ignore
      expect(currentRandomStep()).toBe(outer);
    });
    expect(currentRandomStep()).toBeNull();
  });

  it('draws in bodies as a graph what it draws eagerly, and others in every element, turn and body', async () => {
    const count = tf.variable(int(6));
    const draw = () => randomUniform([2], 0, 1, seed);
    const bodies = (x: tf.Tensor) =>
      withRandomStep(count, () => ({
        first: mapFn((row) => tf.concat([draw(), tf.mul(row, 0)]), x),
        second: mapFn(() => mapFn(() => draw(), tf.zeros([3, 1])), x),
        turns: whileLoop((all) => tf.less(tf.sum(tf.onesLike(all)), 8), (all) => [tf.concat([all, draw()])], [draw()], { shapeInvariants: [[null]] })[0],
        then: cond(tf.greater(tf.sum(x), 0), () => ({ y: draw() }), () => ({ y: tf.neg(draw()) })).y,
        after: draw(),
      })); // prettier-ignore
    const fn = tfFunction(bodies, { inputSignature: { x: tensorSpec('float32', [null, 1]) }, name: 'bodies' });
    const compiled = await CompiledFunctions.compile({ bodies: fn.getConcreteFunction() });
    const x = tf.ones([4, 1]);
    const eager = valuesOf(bodies(x)) as Record<string, number[]>;
    expect(valuesOf(compiled.call('bodies', [x]))).toEqual(eager);
    const drawn = Object.values(eager)
      .flat()
      .filter((value) => value !== 0);
    expect(drawn).toHaveLength(2 * (4 + 4 * 3 + 4 + 1 + 1));
    expect(new Set(drawn).size).toBe(drawn.length);
    compiled.dispose();
    count.dispose();
  });

  it('leaves no tensor behind', () => {
    const step = int(1);
    const before = tf.memory().numTensors;
    tf.dispose(drawAll(step, 10));
    expect(tf.memory().numTensors).toBe(before);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
