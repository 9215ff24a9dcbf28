import { createHash } from 'node:crypto';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { Markup, markup } from './markup.js';
import { reportStyle } from './report-style.js';

/** Content of a page. */
export interface HtmlPage {
  readonly title: string;
  readonly date: Date;
  /** Sections in their order, with the ids of their headings; null sections are left out. */
  readonly sections: readonly { readonly id: string; readonly title: string; readonly section: Markup | null }[];
  /** Markup after the sections. Default: none. */
  readonly footer?: Markup | false;
}

/**
 * One page of HTML that is whole by itself: no script, nothing from elsewhere, and a Content-Security-Policy by which the browser
 * keeps to that whatever a class or a file is called.
 */
export function htmlPage({ title: name, date, sections, footer = false }: HtmlPage): Markup {
  const title = cut(printable(name), 120);
  const shown = sections.filter(({ section }) => section !== null);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="hint">Made by Signet on <time datetime="${date.toISOString()}">${dateText(date)}</time></p>
<nav aria-label="Sections"><ul>
${shown.map(({ id, title: heading }) => markup`<li><a href="#${id}">${heading}</a></li>\n`)}</ul></nav>
</header>
<main>
${shown.map(({ section }) => section)}
</main>
${footer}
</body>
</html>
`;
}

/** `2026-03-01 14:05 UTC`: the reader may be in another time zone. */
function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const policy = `default-src 'none'; img-src data:; style-src 'sha256-${createHash('sha256').update(reportStyle).digest('base64')}'; base-uri 'none'; form-action 'none'`;
