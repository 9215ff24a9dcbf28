/** The colour for all images of a row; the page's own colour means none. */
export interface MatrixRamp {
  readonly color: string;
  /** The part of a row from which on text in the cell is turned around: dark on light before, light on dark after. */
  readonly turn: number;
}

export interface MatrixRamps {
  readonly paper: string;
  /** Colours of text in a cell before and after the turn. */
  readonly text: readonly [before: string, after: string];
  /** The diagonal. */
  readonly right: MatrixRamp;
  /** Everything else. */
  readonly mistaken: MatrixRamp;
}

/**
 * Blue and orange, which everyone can distinguish. The turns are where black and white text have the same contrast, 4.5 to 1 or more; a test
 * measures it.
 */
export const lightRamps: MatrixRamps = {
  paper: '#ffffff',
  text: ['#000000', '#ffffff'],
  right: { color: '#0b4f9e', turn: 0.775 },
  mistaken: { color: '#a83c00', turn: 0.84 },
};

/** The same on a dark page. */
export const darkRamps: MatrixRamps = {
  paper: '#1d232d',
  text: ['#ffffff', '#000000'],
  right: { color: '#8cc4ff', turn: 0.535 },
  mistaken: { color: '#ffb066', turn: 0.535 },
};

/** How much of its ramp's colour a cell has: one image in a large row is still seen. */
export function cellOpacity(part: number): number {
  return part === 0 ? 0 : 0.15 + 0.85 * part;
}
