/** Minimum number of characters that a shortened name keeps, however narrow the terminal is. */
export const shortestName = 4;

/**
 * Lines of a table, with its columns two spaces apart.
 *
 * @param columns Width of the terminal in characters: the first column is cut to fit.
 * @param numbers Columns that are aligned to the right. Default: all but the first.
 */
export function table(
  rows: readonly (readonly string[])[],
  columns: number,
  numbers: readonly number[] = (rows[0] ?? []).map((_, column) => column).slice(1),
): string[] {
  const surplus = Math.max(0, tableWidth(rows) - columns);
  const widest = Math.max(shortestName, widthOfFirst(rows) - surplus);
  const fitting = rows.map(([first = '', ...others]) => [cut(first, widest), ...others]);
  const widths = columnWidths(fitting);
  return fitting.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
        return numbers.includes(column) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Width of the whole, uncut. */
export function tableWidth(rows: readonly (readonly string[])[]): number {
  return columnWidths(rows).reduce((total, width) => total + 2 + width, -2);
}

/** Width of the first column, uncut. */
export function widthOfFirst(rows: readonly (readonly string[])[]): number {
  return columnWidths(rows)[0] ?? 0;
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[column] ?? '')), 0),
  );
}

/** `text`, shortened with an ellipsis when it is wider than `columns`. */
export function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const character of charactersOf(text)) {
    width += displayWidth(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Made when it is first needed: that takes some milliseconds, and nearly all text does without. */
let segmenter: Intl.Segmenter | undefined;

/** Splits text into what a reader sees as one character: a letter with its accents, an emoji with its joiners. */
function charactersOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Characters that terminals show two columns wide: East Asian scripts, full-width forms, emoji. */
const doubleWidth =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\ufe0f\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/** Columns of a terminal that `text` takes. */
export function displayWidth(text: string): number {
  // Nearly all cells; segmenting them would take most of the time.
  if (/^[ -~]*$/.test(text)) return text.length;
  return charactersOf(text).reduce((total, character) => total + (doubleWidth.test(character) ? 2 : 1), 0);
}
