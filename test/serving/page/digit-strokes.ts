import type { Point } from '../../helpers/page/page-in-chromium.js';

/** Part of an ellipse, in degrees clockwise from the right. */
function arc([x, y]: Point, [width, height]: Point, from: number, to: number): Point[] {
  const angles = Array.from({ length: 13 }, (_, i) => ((from + ((to - from) * i) / 12) * Math.PI) / 180);
  return angles.map((angle) => [x + width * Math.cos(angle), y + height * Math.sin(angle)]);
}

/** How a hand draws digits, as the bundled ones are drawn: a seven is crossed, a one begins with an upstroke. */
export const digitStrokes: Readonly<Record<string, readonly (readonly Point[])[]>> = {
  0: [arc([0.5, 0.5], [0.28, 0.4], -90, 270)],
  1: [
    [
      [0.3, 0.35],
      [0.55, 0.1],
      [0.55, 0.9],
    ],
  ],
  3: [[...arc([0.45, 0.3], [0.25, 0.2], -150, 80), ...arc([0.45, 0.7], [0.28, 0.2], -80, 150)]],
  5: [[[0.7, 0.1], [0.35, 0.1], [0.32, 0.45], ...arc([0.48, 0.67], [0.24, 0.23], -120, 140)]],
  7: [
    [
      [0.25, 0.12],
      [0.72, 0.1],
      [0.4, 0.9],
    ],
    [
      [0.3, 0.5],
      [0.75, 0.5],
    ],
  ],
};
