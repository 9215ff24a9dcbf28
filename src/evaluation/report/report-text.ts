import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type Markup, markup } from './markup.js';

/** A ratio as the commands print it; `–` for what cannot be computed. */
export function ratio(value: number | null): string {
  return value === null || Number.isNaN(value) ? '–' : value.toFixed(4);
}

/** A part in percent, which no line breaks. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(1)}\u00a0%`;
}

/** `1,437`. */
export function whole(value: number): string {
  return value.toLocaleString('en');
}

/** A name in a place of its own, whichever way it is written: Arabic does not turn what follows. */
export function named(name: string, most = 60): Markup {
  return markup`<bdi>${cut(printable(name), most)}</bdi>`;
}

/** The end of a path, which distinguishes files. */
export function shortPath(path: string, most = 80): Markup {
  const characters = Array.from(printable(path));
  const text = characters.length <= most ? characters.join('') : `…${characters.slice(1 - most).join('')}`;
  // Long paths break between folders where they can.
  return markup`<bdi>${text.split('/').map((part, i) => (i > 0 ? markup`/<wbr>${part}` : part))}</bdi>`;
}
