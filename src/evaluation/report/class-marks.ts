import { type Markup, markup } from './markup.js';
import { lightColors } from './report-colors.js';
import { px } from './svg-picture.js';

/**
 * Colours of classes on a light page, after Okabe and Ito, "Color Universal Design", 2008, with a purple and an olive; darkened until each has a contrast
 * of 3 to 1, which a test measures. Classes next to each other differ in colour and in shape. Their number has no factor in common with that of the shapes.
 */
export const lightMarks = [
  '#0072b2',
  '#d55e00',
  '#00936b',
  '#b0528a',
  '#1c2430',
  '#966b00',
  '#7048c8',
  '#5f8300',
  '#7b828e',
] as const;

/** The same on a dark page. */
export const darkMarks = [
  '#4fa8e8',
  '#ff8a4c',
  '#2cc79a',
  '#e59bc9',
  '#e6e9ef',
  '#f0d442',
  '#b094ff',
  '#b5d05a',
  '#959dab',
] as const;

const shapes = ['circle', 'square', 'triangle', 'diamond'] as const;

/** Classes that have a mark of their own: no two have the same colour and the same shape. */
export const mostMarks = lightMarks.length * shapes.length;

/** Half the width of a mark in pixels. */
const radius = 4.5;

/**
 * A mark of a class at a place of a picture.
 *
 * @param mark Which of `mostMarks`; null for classes without a mark of their own.
 */
export function classMark(x: number, y: number, mark: number | null): Markup {
  if (mark === null) {
    return markup`<path d="${outline('circle', x, y)}" fill="none" stroke="${lightColors.quiet}" class="mark"/>`;
  }
  const color = mark % lightMarks.length;
  const shape = shapes[mark % shapes.length] ?? 'circle';
  return markup`<path d="${outline(shape, x, y)}" fill="${lightMarks[color] ?? ''}" fill-opacity="0.8" class="class-${color}"/>`;
}

/** A ring around the mark of a mistake. */
export function mistakeRing(x: number, y: number): Markup {
  return markup`<circle cx="${px(x)}" cy="${px(y)}" r="${radius + 3.5}" fill="none" stroke="${lightColors.ink}" stroke-width="1.5" class="ring"/>`;
}

/** Shapes of about the same area. */
function outline(shape: (typeof shapes)[number], x: number, y: number): string {
  const r = radius;
  switch (shape) {
    case 'circle':
      return `M${px(x - r)} ${px(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case 'square':
      return `M${px(x - r * 0.9)} ${px(y - r * 0.9)}h${px(r * 1.8)}v${px(r * 1.8)}h${px(-r * 1.8)}z`;
    case 'triangle':
      return `M${px(x)} ${px(y - r * 1.3)}l${px(r * 1.25)} ${px(r * 2.15)}h${px(-r * 2.5)}z`;
    case 'diamond':
      return `M${px(x)} ${px(y - r * 1.3)}l${px(r * 1.3)} ${px(r * 1.3)}l${px(-r * 1.3)} ${px(r * 1.3)}l${px(-r * 1.3)} ${px(-r * 1.3)}z`;
  }
}
