import { printable } from '../../text/printable.js';

/** Text of HTML or SVG that goes into other markup as it is. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What stands in `${}`: nothing for `null` and `false`, one after another for a list. */
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

/** What has a meaning in markup, and the two characters beside the control characters that XML does not take. */
const special = /[&<>"'\ufffe\uffff]/g;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
