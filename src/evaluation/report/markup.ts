import { printable } from '../../text/printable.js';

/** Text of HTML or SVG that goes into other markup as it is. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** Content of a `${}`: nothing for `null` and `false`, one after another for a list. */
export type Insertable = Markup | string | number | null | false | readonly Insertable[];

/**
 * HTML or SVG in which everything that is inserted stays text: names of classes and files come from anywhere. Characters that show
 * nothing or turn the text around become escapes, as on a terminal.
 *
 * @example
 * ```ts
 * markup`<td>${'<b>'}</td>`.toString(); // '<td>&lt;b&gt;</td>'
 * ```
 */
export function markup(strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + insert(values[i - 1] ?? null) + string));
}

function insert(value: Insertable): string {
  if (value === null || value === false) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'object') return value.map(insert).join('');
  return printable(String(value)).replace(special, (character) => entities[character] ?? '\ufffd');
}

/** What has a meaning in markup, and the two characters besides the control characters that XML does not allow. */
const special = /[&<>"'\ufffe\uffff]/g;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A table of a page. */
export interface HtmlTable {
  /** Description of the table; screen readers read it too. */
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Insertable[])[];
  /** How many of the columns are text; the others are numbers, aligned to the right. Default: 1. */
  readonly texts?: number;
}

/** A table that is scrolled by itself, with the keyboard too, where the screen is too narrow. */
export function htmlTable({ caption, columns, rows, texts = 1 }: HtmlTable): Markup {
  const kind = (column: number) => column >= texts && markup` class="number"`;
  const cells = (row: readonly Insertable[]) =>
    row.map((cell, i) => (i === 0 ? markup`<th scope="row">${cell}</th>` : markup`<td${kind(i)}>${cell}</td>`));
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((name, i) => markup`<th scope="col"${kind(i)}>${name}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => markup`<tr>${cells(row)}</tr>\n`)}</tbody>
</table></div>`;
}
