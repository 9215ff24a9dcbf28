import { describe, expect, it } from 'vitest';

import { darkRamps, lightRamps } from '../../../src/evaluation/report/matrix-colors.js';
import { darkColors, lightColors } from '../../../src/evaluation/report/report-colors.js';
import { contrastRatio, type Rgb, rgb } from './contrast-ratio.js';

const mixed = (from: Rgb, to: Rgb, part: number): Rgb => {
  const mix = (i: 0 | 1 | 2) => from[i] * (1 - part) + to[i] * part;
  return [mix(0), mix(1), mix(2)];
};

describe.each([
  ['light', lightRamps, lightColors],
  ['dark', darkRamps, darkColors],
] as const)('the %s colours', (_, ramps, colors) => {
  it.each(['right', 'mistaken'] as const)('let a number be read on every shade: %s', (kind) => {
    const { color, turn } = ramps[kind];
    for (let opacity = 0; opacity <= 1; opacity += 0.005) {
      const text = ramps.text[opacity < turn ? 0 : 1];
      const cell = mixed(rgb(ramps.paper), rgb(color), opacity);
      expect(contrastRatio(cell, rgb(text)), `opacity ${opacity}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('let text be read, and lines be seen', () => {
    const paper = rgb(colors.paper);
    for (const name of ['ink', 'quiet'] as const) {
      expect(contrastRatio(paper, rgb(colors[name])), name).toBeGreaterThanOrEqual(4.5);
    }
    for (const name of ['first', 'second'] as const) {
      expect(contrastRatio(paper, rgb(colors[name])), name).toBeGreaterThanOrEqual(3);
    }
  });
});
