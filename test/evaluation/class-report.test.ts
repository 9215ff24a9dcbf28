import { describe, expect, it } from 'vitest';

import { ClassificationMetrics, type ClassificationResult } from '../../src/evaluation/classification-metrics.js';
import { classReport } from '../../src/evaluation/class-report.js';

/** The result of predictions that are `[true class, predicted class, images]`. */
function resultOf(classNames: readonly string[], counts: readonly (readonly [number, number, number])[]) {
  const metrics = new ClassificationMetrics(classNames);
  for (const [truth, predicted, images] of counts) {
    const row = classNames.map((_, label) => (label === predicted ? 1 : 0));
    metrics.add(Float32Array.from(Array.from({ length: images }, () => row).flat()), Array<number>(images).fill(truth));
  }
  return metrics.result();
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, label) => `class ${label}`);
const linesOf = (result: ClassificationResult, columns?: number): string[] =>
  classReport(result, columns === undefined ? {} : { columns }).split('\n');
const widest = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));

describe('classReport', () => {
  it('lists classes and confusions', () => {
    const metrics = new ClassificationMetrics(['cat', 'dog', 'guinea pig']);
    // Logits far apart: the loss is 0 where right, 100 where wrong.
    const [cat, dog] = [
      [100, 0, 0],
      [0, 100, 0],
    ] as const;
    metrics.add(Float32Array.from([...cat, ...cat, ...dog, ...cat]), [0, 0, 1, 2]);
    expect(classReport(metrics.result())).toBe(
      `class             precision  recall      f1  images
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
`,
    );
  });

  it('numbers the columns of a matrix whose names are too long', () => {
    const names = numbered(20).map((name) => `${name} of many with a long name`);
    const lines = linesOf(
      resultOf(
        names,
        names.map((_, label) => [label, label, 12]),
      ),
    );
    const title = lines.indexOf('confusion matrix: rows are the true classes, columns the predicted ones, by number');
    expect(lines[title + 1]?.trim().split(/ +/)).toEqual(names.map((_, label) => String(label)));
    expect(lines[title + 21]).toMatch(/^19 class.*…( +\.){19} +12$/);
    expect(widest(lines)).toBe(100);
  });

  it('lists confusions where a matrix of few classes is too wide', () => {
    const names = numbered(20);
    const lines = linesOf(
      resultOf(names, [
        ...names.map((_, label) => [label, label, 1000] as const),
        ...names.map((_, label) => [label, (label + 1) % 20, 1000] as const),
      ]),
      80,
    );
    expect(lines).toContain('confusions: the matrix is too wide to print, so all are listed');
    expect(widest(lines)).toBeLessThanOrEqual(80);
  });

  it('lists the most frequent confusions of more than 20 classes, the largest first', () => {
    const names = numbered(30);
    const text = classReport(
      resultOf(
        names,
        names.flatMap((_, label) => [
          [label, label, 50],
          [label, (label + 1) % 30, label + 1],
        ]),
      ),
    );
    const [title, ...rows] = (/^confusions:[^]*?(?=\n\n)/m.exec(text)?.[0] ?? '').split('\n');
    expect(title).toBe('confusions: 30 classes are too many for a matrix, so the 20 most frequent of 30 are listed');
    expect(rows).toHaveLength(21);
    expect(rows.slice(0, 3)).toEqual([
      'true      predicted  images',
      'class 29  class 0        30',
      'class 28  class 29       29',
    ]);
    expect(text).not.toContain('confusion matrix');
  });

  it('says so when nothing is confused', () => {
    expect(classReport(resultOf(numbered(21), [[0, 0, 1]]))).toContain('\n\nno class was taken for another\n');
  });

  it.each([60, 80, 100])('keeps to %i columns', (columns) => {
    for (const count of [2, 10, 20, 40]) {
      const names = numbered(count).map((name) => `${name} ${'x'.repeat(150)}`);
      const result = resultOf(
        names,
        names.map((_, label) => [label, (label * 7 + 1) % count, 1234]),
      );
      expect(widest(linesOf(result, columns).filter((line) => !line.startsWith('confusion')))).toBeLessThanOrEqual(
        columns,
      );
    }
  });

  it('aligns names of wide characters and shows control characters', () => {
    const lines = linesOf(resultOf(['猫', 'e\u0301clair', 'd\nog'], [[0, 0, 1]]));
    const row = (start: string) => lines.find((line) => line.startsWith(start));
    expect(row('猫')).toBe('猫                   1.0000  1.0000  1.0000       1');
    expect(row('e\u0301clair')).toBe('e\u0301clair                    –       –       –       0');
    expect(row('d\\nog')).toBe('d\\nog                     –       –       –       0');
  });
});
