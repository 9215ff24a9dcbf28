import { displayWidth } from '../../text/text-table.js';

/** Letters of common sans-serif fonts by about how wide they are, in parts of the font's size; the widest of those that apply. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/^[WMmw@%…\u2014]$/, 1],
  [/^[A-Z&+=<>~^_#]$/, 0.84],
  [/^[ijl.,:;'|!fIrt()[\]{} -]$/, 0.42],
];

/** About how wide text is drawn, in pixels, rather more than less: there is nothing here that could measure it. */
export function textWidth(text: string, fontSize: number): number {
  const parts = Array.from(
    text,
    (character) => widths.find(([letters]) => letters.test(character))?.[1] ?? 0.64 * displayWidth(character),
  );
  return parts.reduce((total, part) => total + part, 0) * fontSize;
}
