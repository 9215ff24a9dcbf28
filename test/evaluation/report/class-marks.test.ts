import { describe, expect, it } from 'vitest';

import { classMark, darkMarks, lightMarks, mostMarks } from '../../../src/evaluation/report/class-marks.js';
import { darkColors, lightColors } from '../../../src/evaluation/report/report-colors.js';
import { contrastRatio, rgb } from './contrast-ratio.js';

describe('marks of classes', () => {
  it.each([
    ['light', lightMarks, lightColors],
    ['dark', darkMarks, darkColors],
  ] as const)('stand out from a %s page', (_, marks, { paper }) => {
    for (const color of marks) expect(contrastRatio(rgb(paper), rgb(color)), color).toBeGreaterThanOrEqual(3);
  });

  it('are all different', () => {
    const marks = Array.from({ length: mostMarks }, (_, mark) => String(classMark(0, 0, mark)));
    expect(new Set(marks).size).toBe(36);
  });
});
