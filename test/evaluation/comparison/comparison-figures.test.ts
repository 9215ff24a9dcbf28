import { expect, it } from 'vitest';

import type { ModelComparison } from '../../../src/evaluation/comparison/compare-saved-models.js';
import { comparisonFigures } from '../../../src/evaluation/comparison/comparison-figures.js';

it('takes answers for the same whose names differ in their Unicode form alone', () => {
  const answer = (label: number) => ({ labels: [label], probability: 0.9, mistakes: 0 });
  const models = [{ classNames: ['bar', 'cafe\u0301'] }, { classNames: ['caf\u00e9', 'bar'] }];
  const images = [{ answers: [answer(1), answer(0)] }, { answers: [answer(0), answer(0)] }];
  expect(comparisonFigures({ models, images } as unknown as ModelComparison).agreement).toBe(0.5);
});
