import { darkMarks, lightMarks } from './class-marks.js';
import { darkRamps, lightRamps } from './matrix-colors.js';
import { darkColors, lightColors } from './report-colors.js';

/** Colours by name. */
function variables(colors: typeof lightColors | typeof darkColors, ramps: typeof lightRamps, page: string): string {
  const marks = Object.fromEntries((colors === lightColors ? lightMarks : darkMarks).map((color, i) => [`class-${i}`, color])); // prettier-ignore
  const all = { ...colors, ...marks, page, right: ramps.right.color, mistaken: ramps.mistaken.color };
  return Object.entries(all)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');
}

/**
 * The style of a report. In pictures it comes before the attributes, which are for files of their own; printed, the page is light
 * whatever the screen is.
 */
export const reportStyle = `
:root { color-scheme: light; ${variables(lightColors, lightRamps, '#f4f5f8')} font: 16px/1.5 system-ui, sans-serif; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; ${variables(darkColors, darkRamps, '#14181f')} }
  .count { fill: ${darkRamps.text[0]}; }
  .count.turned { fill: ${darkRamps.text[1]}; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem clamp(0.75rem, 2vw, 2rem) 3rem; color: var(--ink); background: var(--page); }
h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.2rem; scroll-margin-top: 1rem; }
h3 { font-size: 1rem; }
a { color: var(--first); }
:focus-visible { outline: 3px solid var(--first); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; }
nav a { display: inline-block; padding-block: 0.25rem; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; margin-top: 1rem; }
section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.75rem; padding: 1rem; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--paper); }
.hint { color: var(--quiet); font-size: 0.9rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 8rem), 1fr)); gap: 0.75rem 1rem; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dd { font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.figures dt, caption, thead th { color: var(--quiet); font-size: 0.9rem; font-weight: normal; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; align-items: start; }
.beside { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.beside > * { flex: 1 1 20rem; min-width: 0; }
.beside > .scroll:has(> svg) { flex: 0 1 auto; max-width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
caption { padding-bottom: 0.3rem; text-align: left; }
th, td { padding: 0.25rem 0.6rem 0.25rem 0; text-align: left; vertical-align: baseline; overflow-wrap: anywhere; min-width: 4rem; }
tbody th { min-width: 5.5rem; font-weight: 600; }
tbody tr > * { border-top: 1px solid var(--line); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts th { width: 9rem; font-weight: normal; color: var(--quiet); }
.curves { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.curves svg { max-width: 100%; height: auto; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 9rem), 1fr)); gap: 1rem; list-style: none; }
.mistakes figure { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.4rem; }
.mistakes img, .nothing { width: 100%; height: 8rem; object-fit: contain; border-radius: 0.3rem; background: var(--page); }
.pair { grid-column: span 2; display: grid; grid-template-columns: 1fr 1fr; gap: 0.4rem; }
.findings { padding-left: 1.2rem; }
.with-heat { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 0.4rem; }
.mistakes:has(.with-heat) { grid-template-columns: repeat(auto-fill, minmax(min(100%, 16rem), 1fr)); }
.mistakes:has(.with-heat > :nth-child(3)) { grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
.pixels { image-rendering: pixelated; }
.nothing { display: grid; place-items: center; color: var(--quiet); }
figcaption { display: grid; gap: 0.1rem; font-size: 0.9rem; overflow-wrap: anywhere; }
.path { color: var(--quiet); font-size: 0.8rem; }
footer { margin-top: 1rem; }
summary { padding-block: 0.25rem; cursor: pointer; }
pre { margin: 0; padding: 0.6rem; white-space: pre-wrap; overflow-wrap: anywhere; border-radius: 0.3rem; background: var(--page); font-size: 0.85rem; }
.paper { fill: none; }
.ink { fill: var(--ink); }
.quiet { fill: var(--quiet); }
.grid { stroke: var(--line); }
.mark { stroke: var(--quiet); }
.bar { fill: var(--first); }
.line-first { stroke: var(--first); }
.line-second { stroke: var(--second); }
.right { fill: var(--right); }
.mistaken { fill: var(--mistaken); }
.ring { stroke: var(--ink); }
${lightMarks.map((_, i) => `.class-${i} { fill: var(--class-${i}); }`).join('\n')}
.points foreignObject { overflow: visible; }
.points input { appearance: none; display: block; width: 100%; height: 100%; margin: 0; border-radius: 50%; cursor: pointer; }
.card { display: none; pointer-events: none; }
.card rect { fill: var(--paper); stroke: var(--quiet); }
.point:hover .card, .point:has(:checked) .card { display: inline; }
.points:has(.point:hover) .point:not(:hover) .card { display: none; }
@media print {
  body { max-width: none; padding: 0; background: none; }
  section { border: 0; padding: 0; }
  nav, .points, label:has([type='radio']) { display: none; }
  svg { max-width: 100%; height: auto; }
  .scroll { overflow: visible; }
  figure, tr, li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
}
`;
