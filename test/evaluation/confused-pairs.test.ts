import { expect, it } from 'vitest';

import { confusedPairs } from '../../src/evaluation/classification-metrics.js';

it('lists which classes were taken for which others, the most frequent first', () => {
  const confusionMatrix = [
    [5, 1, 0],
    [3, 7, 1],
    [0, 0, 2],
  ];
  expect(confusedPairs({ confusionMatrix })).toEqual([
    { truth: 1, predicted: 0, images: 3 },
    { truth: 0, predicted: 1, images: 1 },
    { truth: 1, predicted: 2, images: 1 },
  ]);
  expect(confusedPairs({ confusionMatrix: [[4]] })).toEqual([]);
});
