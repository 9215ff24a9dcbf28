import { describe, expect, it } from 'vitest';

import { evalModelText } from '../../../src/commands/eval-model/print.js';
import { ClassificationMetrics } from '../../../src/evaluation/classification-metrics.js';

/** What is printed of a model that gives an image of each label these logits. */
function textOf(classNames: readonly string[], images: readonly (readonly [label: number, logits: number[]])[]) {
  const metrics = new ClassificationMetrics(classNames);
  for (const [label, logits] of images) metrics.add(Float32Array.from(logits), [label]);
  const signature = { ...metrics.result(), imagesPerSecond: 123.4 };
  return evalModelText({
    modelPath: 'models/PetModel/1',
    testDatasetPath: 'pets/test',
    trainedImages: null,
    classNames,
    signatures: { serving_default: signature, serving_bytes: signature },
    maxLogitDifference: 1.5e-6,
    skipped: [],
    precision: 'float32',
    report: null,
  });
}

/** The cells of the line of `serving_default`. */
const cellsOf = (text: string) => (/^serving_default(.*)$/m.exec(text)?.[1] ?? '').trim().split(/ {2,}/);

describe('evalModelText', () => {
  it('prints totals, classes and confusions', () => {
    // Logits far apart: the loss is 0 where right, 100 where wrong.
    const [cat, dog] = [
      [100, 0, 0],
      [0, 100, 0],
    ];
    const images = [[0, cat] as const, [0, cat] as const, [1, dog] as const, [2, cat] as const];
    expect(textOf(['cat', 'dog', 'guinea pig'], images)).toMatchInlineSnapshot(`
      "
      signature          images accuracy    top-2     loss images/s
      serving_default         4   0.7500   0.7500  25.0000      123
      serving_bytes           4   0.7500   0.7500  25.0000      123

      largest difference between the signatures' logits: 0.00000150

      class             precision  recall      f1  images
      cat                  0.6667  1.0000  0.8000       2
      dog                  1.0000  1.0000  1.0000       1
      guinea pig                –  0.0000  0.0000       1
      macro average        0.5556  0.6667  0.6000       4
      weighted average     0.5833  0.7500  0.6500       4

      confusion matrix: rows are the true classes, columns the predicted ones
                  cat  dog  guinea pig
      cat           2    .           .
      dog           .    1           .
      guinea pig    1    .           .

      expected calibration error 0.2500
      by chance alone 0.0000, up to 0.0000 in 19 of 20 cases
      confidence from  answered  accuracy
      0.00               1.0000    0.7500
      0.30               1.0000    0.7500
      0.40               1.0000    0.7500
      0.50               1.0000    0.7500
      0.60               1.0000    0.7500
      0.70               1.0000    0.7500
      0.80               1.0000    0.7500
      0.90               1.0000    0.7500
      0.95               1.0000    0.7500
      0.99               1.0000    0.7500
      "
    `);
  });

  it('leaves out a best of one, which is the accuracy', () => {
    expect(textOf(['cat', 'dog'], [[0, [1, 0]]])).not.toContain('top-');
  });

  it('says how many logits are not finite', () => {
    const text = textOf(
      ['cat', 'dog'],
      [
        [0, [NaN, NaN]],
        [0, [1, 0]],
      ],
    );
    const remark = '1 of 2 images have NaN or infinite logits';
    expect(cellsOf(text)).toEqual(['2', '0.5000', 'NaN', '123', remark]);
  });

  it('prints dashes without images', () => {
    expect(cellsOf(textOf(['cat', 'dog'], []))).toEqual(['0', '–', '–', '123']);
  });
});
