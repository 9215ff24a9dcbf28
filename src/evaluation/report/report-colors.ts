/**
 * Colours that a picture has of its own, on white. On the page they are those of its scheme, light or dark: an SVG's elements have
 * classes of these names, and the page's style comes before attributes.
 *
 * Everyone can distinguish blue and orange (Okabe and Ito, "Color Universal Design", 2008), and in gray by their dashes.
 */
export const lightColors = {
  paper: '#ffffff',
  ink: '#1c2430',
  quiet: '#525c6e',
  line: '#d8dde5',
  first: '#1f5fbf',
  second: '#b3470b',
} as const;

/** The same on a dark page. */
export const darkColors: Readonly<Record<keyof typeof lightColors, string>> = {
  paper: '#1d232d',
  ink: '#e6e9ef',
  quiet: '#a7b1c0',
  line: '#343c49',
  first: '#7fb0ff',
  second: '#ffb066',
};
