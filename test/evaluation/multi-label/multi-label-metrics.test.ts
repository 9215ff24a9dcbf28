import { describe, expect, it } from 'vitest';

import { averagePrecision } from '../../../src/evaluation/multi-label/average-precision.js';
import { bestThreshold } from '../../../src/evaluation/multi-label/best-threshold.js';
import { MultiLabelMetrics } from '../../../src/evaluation/multi-label/multi-label-metrics.js';
import { MultiLabelMistakes } from '../../../src/evaluation/multi-label/multi-label-mistakes.js';
import { rankScores } from '../../../src/evaluation/multi-label/ranked-scores.js';

const ranked = (scores: readonly number[], truth: readonly number[]) => rankScores(scores, (i) => truth[i] === 1);
const logitOf = (probability: number) => Math.log(probability / (1 - probability));

describe('averagePrecision', () => {
  // The values of scikit-learn's average_precision_score, the first from its documentation.
  it.each([
    [[0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 5 / 6],
    [[3, 2, 1], [0, 0, 1], 1 / 3],
    [[1, 1, 1, 1], [0, 1, 0, 1], 1 / 2],
    [[2, 1, 1, 0], [1, 0, 1, 0], 1 / 2 + (1 / 2) * (2 / 3)],
    [[-1, -2], [1, 0], 1],
  ])('of %j and %j', (scores, truth, expected) => {
    expect(averagePrecision(ranked(scores, truth))).toBeCloseTo(expected, 12);
  });

  it('is nothing without an image of the class, and ranks NaN last', () => {
    expect(averagePrecision(ranked([1, 2], [0, 0]))).toBeNull();
    expect(averagePrecision(ranked([NaN, 1, 2], [1, 0, 0]))).toBeCloseTo(1 / 3, 12);
  });
});

describe('bestThreshold', () => {
  it('lies in the middle between what is on both sides', () => {
    const probabilities = [0.9, 0.7, 0.3, 0.1];
    expect(bestThreshold(ranked(probabilities.map(logitOf), [1, 1, 0, 0]))).toBeCloseTo(0.5, 6);
    expect(bestThreshold(ranked(probabilities.map(logitOf), [1, 1, 1, 0]))).toBeCloseTo(0.2, 6);
    // Finding all costs one wrong answer of four: 2 * 2 / (3 + 2) is more than 2 * 1 / (1 + 2).
    expect(bestThreshold(ranked(probabilities.map(logitOf), [1, 0, 1, 0]))).toBeCloseTo(0.2, 6);
  });

  it('never takes in a probability below it, however near', () => {
    const upper = 0.7;
    // Neighbours among the float32 numbers.
    const [above, below] = [17, 16].map((logit) => Math.fround(1 / (1 + Math.exp(-logit)))) as [number, number];
    const threshold = bestThreshold(ranked([17, 16, -20], [1, 0, 0]));
    expect(threshold > below && threshold <= above).toBe(true);
    expect(bestThreshold(ranked([logitOf(upper)], [1]))).toBeCloseTo(upper / 2, 6);
  });

  it('is 1/2 where no image has the class, and passes over what is not finite', () => {
    expect(bestThreshold(ranked([1, 2], [0, 0]))).toBe(0.5);
    expect(bestThreshold(ranked([Infinity, NaN, logitOf(0.9), logitOf(0.1)], [0, 1, 1, 0]))).toBeCloseTo(0.5, 6);
  });
});

describe('MultiLabelMetrics', () => {
  it('computes what scikit-learn does, class by class and in all', () => {
    const metrics = new MultiLabelMetrics(['a', 'b', 'c'], [0.5, 0.5, 0.9]);
    metrics.add(new Float32Array([2, -1, 0, 1, 3, -3]), [1, 0, 0, 0, 1, 0]);
    metrics.add(new Float32Array([-1, 1, 2]), [1, 0, 0]);
    const result = metrics.result();
    const { perClass, images, accuracy, exactMatches } = result;
    expect([images, accuracy, exactMatches]).toEqual([3, 6 / 9, 1 / 3]);
    expect(perClass[0]).toEqual({ className: 'a', precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2, threshold: 0.5, averagePrecision: expect.closeTo(5 / 6, 12) as number }); // prettier-ignore
    expect(perClass[1]).toMatchObject({ precision: 1 / 2, recall: 1, support: 1, averagePrecision: 1 });
    // Nobody has c, and at 0.9 nobody is taken to have it.
    expect(perClass[2]).toMatchObject({ precision: null, recall: null, f1: null, averagePrecision: null });
    expect(result.meanAveragePrecision).toBeCloseTo((5 / 6 + 1) / 2, 12);
    expect(result.macroAverage.f1).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
    expect(result.microAverage).toEqual({ precision: 2 / 4, recall: 2 / 3, f1: 4 / 7 });
    const softplus = (x: number) => Math.log1p(Math.exp(x));
    const losses = [softplus(-2), softplus(-1), softplus(0), softplus(1), softplus(-3), softplus(-3), softplus(1), softplus(1), softplus(2)]; // prettier-ignore
    expect(result.loss).toBeCloseTo(losses.reduce((a, b) => a + b) / 9, 6);
  });

  it('counts an image with a logit that is not finite as one without classes', () => {
    const metrics = new MultiLabelMetrics(['a', 'b']);
    metrics.add(new Float32Array([NaN, 9]), [0, 1]);
    expect(metrics.result()).toMatchObject({ nonFinite: 1, accuracy: 0, exactMatches: 0, loss: NaN });
    expect(metrics.result().perClass[1]).toMatchObject({ recall: 0, precision: null });
    expect(() => metrics.add(new Float32Array([1, 2, 3]), [0, 1])).toThrow('accepts 2 numbers for each image');
  });
});

describe('MultiLabelMistakes', () => {
  it('keeps the hardest images, with what was missed and what is not there', () => {
    const mistakes = new MultiLabelMistakes<string>([0.5, 0.5, 0.99], 2);
    mistakes.add('right', new Float32Array([2, -2, 2]), [1, 0, 0]);
    mistakes.add('easy', new Float32Array([-0.1, -2, 2]), [1, 0, 0]);
    mistakes.add('hard', new Float32Array([-5, 4, 2]), [1, 0, 1]);
    mistakes.add('none', new Float32Array([NaN, 4, 2]), [1, 0, 0]);
    expect(mistakes.mistakes.map(({ image, missed, unexpected }) => [image, missed.map(({ label }) => label), unexpected.map(({ label }) => label)])).toEqual([['none', [0], []], ['hard', [0, 2], [1]]]); // prettier-ignore
  });
});
