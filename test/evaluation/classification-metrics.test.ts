import { describe, expect, it } from 'vitest';

import { createRandom, type Random } from '../../src/data/dataset/random.js';
import { SignetError } from '../../src/errors.js';
import { ClassificationMetrics, type ClassificationResult } from '../../src/evaluation/classification-metrics.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, label) => `class ${label}`);

/** Logits whose largest is that of the predicted class. */
const predicting = (classes: number, predictions: readonly number[]): Float32Array =>
  Float32Array.from(
    predictions.flatMap((predicted) => names(classes).map((_, label) => (label === predicted ? 1 : 0))),
  );

function evaluate(classes: number, logits: readonly number[], labels: readonly number[]): ClassificationResult {
  const metrics = new ClassificationMetrics(names(classes));
  metrics.add(Float32Array.from(logits), labels);
  return metrics.result();
}

describe('ClassificationMetrics', () => {
  it("gives the numbers of scikit-learn's documentation of classification_report", () => {
    const metrics = new ClassificationMetrics(names(3));
    metrics.add(predicting(3, [0, 0, 2, 2, 1]), [0, 1, 2, 2, 2]);
    const { accuracy, confusionMatrix, perClass, macroAverage, weightedAverage } = metrics.result();
    expect(confusionMatrix).toEqual([
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 2],
    ]);
    expect(accuracy).toBe(3 / 5);
    expect(perClass).toEqual([
      { className: 'class 0', precision: 1 / 2, recall: 1, f1: 2 / 3, support: 1 },
      { className: 'class 1', precision: 0, recall: 0, f1: 0, support: 1 },
      { className: 'class 2', precision: 1, recall: 2 / 3, f1: 4 / 5, support: 3 },
    ]);
    expect(macroAverage.precision).toBeCloseTo(1 / 2, 12);
    expect(macroAverage.recall).toBeCloseTo(5 / 9, 12);
    expect(macroAverage.f1).toBeCloseTo(22 / 45, 12);
    expect(weightedAverage.precision).toBeCloseTo(7 / 10, 12);
    expect(weightedAverage.recall).toBeCloseTo(3 / 5, 12);
    expect(weightedAverage.f1).toBeCloseTo(46 / 75, 12);
  });

  it('has no precision where nobody predicted the class, no recall where nobody is it', () => {
    const metrics = new ClassificationMetrics(names(4));
    // Class 0 is never predicted, class 2 has no images, class 3 neither.
    metrics.add(predicting(4, [1, 1, 2]), [0, 1, 1]);
    const { perClass, macroAverage, weightedAverage } = metrics.result();
    expect(perClass.map(({ precision, recall, f1 }) => [precision, recall, f1])).toEqual([
      [null, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [0, null, 0],
      [null, null, null],
    ]);
    // A null counts as 0 among three classes: the fourth is left out.
    expect(macroAverage.precision).toBeCloseTo(1 / 6, 12);
    expect(macroAverage.recall).toBeCloseTo(1 / 6, 12);
    expect(macroAverage.f1).toBeCloseTo(1 / 6, 12);
    expect(weightedAverage.precision).toBeCloseTo(1 / 3, 12);
  });

  it('means the cross-entropy from logits', () => {
    // Softmax: 1/4 and 3/4, so -ln(3/4) and -ln(1/4).
    const { loss } = evaluate(2, [0, Math.log(3), 0, Math.log(3)], [1, 0]);
    expect(loss).toBeCloseTo((Math.log(4 / 3) + Math.log(4)) / 2, 6);
  });

  it.each([
    { logits: [1000, 0], label: 1, loss: 1000 },
    { logits: [1000, 0], label: 0, loss: 0 },
    { logits: [-1000, -1000], label: 0, loss: Math.LN2 },
    { logits: [2 ** 60, 2 ** 60], label: 0, loss: Math.LN2 },
    { logits: [3e38, -3e38], label: 0, loss: 0 },
  ])('neither overflows nor rounds away: $logits', ({ logits, label, loss }) => {
    expect(evaluate(2, logits, [label]).loss).toBeCloseTo(loss, 12);
  });

  it.each([
    [1, 1],
    [2, 1],
    [4, 3],
    [6, 5],
    [1000, 5],
  ])('with %i classes counts the best %i', (classes, k) => {
    expect(new ClassificationMetrics(names(classes)).result().topK.k).toBe(k);
  });

  it('finds a class among the best, not one behind them', () => {
    const row = [7, 6, 5, 4, 3, 2, 1];
    expect(evaluate(7, [...row, ...row, ...row, ...row], [0, 4, 5, 6]).topK).toEqual({ k: 5, accuracy: 1 / 2 });
  });

  it('takes the first of equal logits', () => {
    const { confusionMatrix, topK } = evaluate(3, [1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 1, 2]);
    expect(confusionMatrix.map((row) => row[0])).toEqual([1, 1, 1]);
    expect(topK.accuracy).toBe(2 / 3);
  });

  it('counts logits that are not finite as wrong and predicts nothing from them', () => {
    const result = evaluate(2, [NaN, NaN, Infinity, 0, 0, -Infinity, 1, 0], [0, 0, 0, 0]);
    expect(result).toMatchObject({ images: 4, nonFinite: 3, accuracy: 1 / 4, topK: { k: 1, accuracy: 1 / 4 } });
    expect(result.confusionMatrix).toEqual([
      [1, 0],
      [0, 0],
    ]);
    expect(result.perClass[0]).toMatchObject({ precision: 1, recall: 1 / 4, support: 4 });
    expect(result.loss).toBeNaN();
  });

  it('has an infinite loss where the true class is ruled out', () => {
    expect(evaluate(2, [0, -Infinity], [1]).loss).toBe(Infinity);
  });

  it('has nothing to say without images', () => {
    const result = new ClassificationMetrics(names(2)).result();
    expect(result).toMatchObject({ images: 0, accuracy: NaN, loss: NaN, topK: { accuracy: NaN }, nonFinite: 0 });
    expect(result.macroAverage).toEqual({ precision: null, recall: null, f1: null });
    expect(result.weightedAverage).toEqual({ precision: null, recall: null, f1: null });
  });

  it('keeps a result as it was when more is added', () => {
    const metrics = new ClassificationMetrics(names(2));
    metrics.add(predicting(2, [0]), [0]);
    const before = metrics.result();
    const copy = structuredClone(before);
    metrics.add(predicting(2, [1]), [0]);
    expect(before).toEqual(copy);
    expect(metrics.result().accuracy).toBe(1 / 2);
  });

  it.each([
    [[0, 0, 0], [0], 'Argument "logits" accepts 2 numbers for each of 1 labels. Received: 3.'],
    [[0, 0, 0, 0], [0, 2], 'Argument "labels" accepts positions in 2 class names, from 0. Received: 2.'],
    [[0, 0], [-1], 'Received: -1.'],
    [[0, 0], [0.5], 'Received: 0.5.'],
  ])('refuses logits %j for labels %j and counts nothing of them', (logits, labels, message) => {
    const metrics = new ClassificationMetrics(names(2));
    const add = () => metrics.add(Float32Array.from(logits), labels);
    expect(add).toThrow(SignetError);
    expect(add).toThrow(message);
    expect(metrics.result().images).toBe(0);
  });
});

describe('ClassificationMetrics of any logits', () => {
  const seeds = Array.from({ length: 25 }, (_, seed) => seed);

  it.each(seeds)('adds up: seed %i', (seed) => {
    const { classes, logits, labels } = sample(createRandom(seed));
    const result = evaluate(classes, logits, labels);
    const { images, confusionMatrix, perClass, weightedAverage, macroAverage, topK } = result;
    const trace = total(confusionMatrix.map((row, label) => row[label] ?? NaN));
    expect(images).toBe(labels.length);
    expect(total(confusionMatrix.flat()) + result.nonFinite).toBe(images);
    expect(result.accuracy).toBe(trace / images);
    expect(perClass.map(({ support }) => support)).toEqual(
      perClass.map((_, label) => labels.filter((other) => other === label).length),
    );
    expect(topK.accuracy).toBeGreaterThanOrEqual(result.accuracy);
    // Recall weighted by support is accuracy.
    expect(weightedAverage.recall).toBeCloseTo(result.accuracy, 12);
    for (const value of [...(Object.values(macroAverage) as number[]), ...perClass.map(({ f1 }) => f1 ?? 0)]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  });

  it.each(seeds)('does not depend on the batches: seed %i', (seed) => {
    const { classes, logits, labels } = sample(createRandom(seed));
    const metrics = new ClassificationMetrics(names(classes));
    for (const [image, label] of labels.entries()) {
      metrics.add(Float32Array.from(logits.slice(image * classes, (image + 1) * classes)), Int32Array.of(label));
    }
    expect(metrics.result()).toEqual(evaluate(classes, logits, labels));
  });
});

/** Logits with ties, and in every third sample some that are not finite. */
function sample(random: Random): { classes: number; logits: number[]; labels: number[] } {
  const integer = (below: number) => Math.floor(random() * below);
  const [classes, images] = [1 + integer(8), 1 + integer(60)];
  const broken = integer(3) === 0 ? 0.05 : 0;
  const logit = () => (random() < broken ? ([NaN, Infinity, -Infinity][integer(3)] ?? NaN) : integer(9) - 4);
  return {
    classes,
    logits: Array.from({ length: images * classes }, logit),
    labels: Array.from({ length: images }, () => integer(classes)),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
