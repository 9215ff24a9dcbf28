import { describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { ClassificationMetrics } from '../../../src/evaluation/classification-metrics.js';
import { Reliability } from '../../../src/evaluation/confidence/reliability.js';

describe('Reliability', () => {
  it('weighs the gap of each bin by its images, as in the paper', () => {
    const reliability = new Reliability();
    // Three of four are right at 0.95, and none of one at 0.5.
    for (const isRight of [true, true, true, false]) reliability.add(0.95, isRight);
    reliability.add(0.5, false);
    const { expectedCalibrationError, bins } = reliability.result(1);
    expect(expectedCalibrationError).toBeCloseTo((4 * 0.2 + 0.5) / 5);
    expect(bins.length).toBe(15);
    expect(bins.at(-1)).toMatchObject({ images: 4, accuracy: 0.75 });
    expect(bins[7]).toMatchObject({ from: 7 / 15, images: 1, confidence: 0.5, accuracy: 0 });
    expect(bins[0]).toMatchObject({ images: 0, confidence: null, accuracy: null });
  });

  it('counts a confidence at the upper bound of a bin in it', () => {
    const reliability = new Reliability();
    for (const confidence of [0, 1 / 15, 1]) reliability.add(confidence, true);
    expect(reliability.result(1).bins.map(({ images }) => images)).toEqual([2, ...Array<number>(13).fill(0), 1]);
  });
});

describe('what chance alone gives', () => {
  it('is what classifiers have whose every confidence is right', () => {
    const random = createRandom(1);
    const confidences = Array.from({ length: 300 }, () => 1 - 0.7 * random() ** 2);
    const draw = () => {
      const reliability = new Reliability();
      for (const each of confidences) reliability.add(each, random() < each);
      return reliability.result(1);
    };
    const errors = Array.from({ length: 1000 }, () => draw().expectedCalibrationError).sort((a, b) => a - b);
    const { errorByChance, errorByChanceLimit } = draw();
    expect((errorByChance * errors.length) / errors.reduce((a, b) => a + b)).toBeCloseTo(1, 1);
    expect(errorByChanceLimit / (errors[950] ?? NaN)).toBeCloseTo(1, 1);
    expect(errorByChanceLimit).toBeGreaterThan(1.2 * errorByChance);
  });
});

describe('the confidence of an evaluation', () => {
  const logits = new Float32Array([2, 0, 0, 2, 0.1, 0, NaN, 0]);

  it('is the softmax of the logits divided by the temperature', () => {
    const metrics = new ClassificationMetrics(['cat', 'dog'], { temperature: 2 });
    metrics.add(logits, [0, 1, 1, 0]);
    const { calibration, thresholds } = metrics.result();
    const confident = 1 / (1 + Math.exp(-1));
    expect(calibration?.bins[10]).toMatchObject({ images: 2, accuracy: 1 });
    expect(calibration?.bins[10]?.confidence).toBeCloseTo(confident, 6);
    expect(thresholds.find(({ threshold }) => threshold === 0.7)).toEqual({
      threshold: 0.7,
      answered: 0.5,
      accuracy: 1,
      // Of two images that are taken for a cat one is answered; one without a number is taken for nothing.
      perClass: [
        { answered: 0.5, accuracy: 1 },
        { answered: 1, accuracy: 1 },
      ],
    });
    expect(thresholds[0]).toMatchObject({ threshold: 0, answered: 0.75, accuracy: 2 / 3 });
  });

  it('is not known without a temperature, nor without images', () => {
    const unknown = new ClassificationMetrics(['cat', 'dog'], { temperature: null });
    unknown.add(logits, [0, 1, 1, 0]);
    expect(unknown.result()).toMatchObject({ calibration: null, thresholds: [] });
    const empty = new ClassificationMetrics(['cat', 'dog']).result();
    expect(empty.calibration?.expectedCalibrationError).toBeNaN();
    expect(empty.thresholds[0]).toMatchObject({ answered: null, accuracy: null });
  });
});
