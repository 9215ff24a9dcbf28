import { describe, expect, it } from 'vitest';

import type { PredictImageResult } from '../../../src/commands/predict-image/run.js';
import { predictImageProblems, predictImageText } from '../../../src/commands/predict-image/print.js';

const result: PredictImageResult = {
  model: 'animals',
  modelVersion: 3,
  images: [
    {
      file: 'a/one.png',
      labels: [
        { name: 'cat', index: 1, probability: 0.99 },
        { name: 'guinea pig', index: 7, probability: 0.01 },
      ],
    },
    { file: 'two\u001b.png', error: 'is text' },
    { file: 'three.png', labels: [{ name: null, index: 12, probability: 1 }] },
    { file: 'four.png', error: 'Asked for it.\nNo.' },
  ],
};

describe('predictImageText', () => {
  it('prints the classes of each file that has them', () => {
    expect(predictImageText(result)).toBe(
      `a/one.png
  cat         0.9900
  guinea pig  0.0100

three.png
  class 12  1.0000
`,
    );
  });

  it('cuts names to the width of the terminal', () => {
    expect(predictImageText(result, 16)).toContain('  guine…  0.0100\n');
  });

  it('prints nothing where no file has any', () => {
    expect(predictImageText({ ...result, images: result.images.slice(1, 2) })).toBe('');
  });
});

describe('predictImageProblems', () => {
  it('says what is wrong with each file', () => {
    expect(predictImageProblems(result)).toBe('two\\x1b.png is text\nfour.png Asked for it.\n  No.\n');
  });
});
