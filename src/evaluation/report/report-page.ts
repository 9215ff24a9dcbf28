import { createHash } from 'node:crypto';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { classesSection } from './classes-section.js';
import { confidenceSection } from './confidence-section.js';
import type { DrawnMatrix } from './confusion-matrix.js';
import { confusionSection } from './confusion-section.js';
import { curvesSection } from './curves-section.js';
import { Markup, markup } from './markup.js';
import { mistakesSection } from './mistakes-section.js';
import type { CompleteReportContent } from './report-content.js';
import { reportStyle } from './report-style.js';
import { skippedSection } from './skipped-section.js';
import { summarySection } from './summary-section.js';
import type { Thumbnail } from './thumbnail.js';
import type { LineChart } from './line-chart.js';

/** Pictures drawn for a page. */
export interface ReportPictures {
  /** None where nothing is known of the training. */
  readonly curves: readonly LineChart[];
  /** Null for a multi-label classifier: several classes of an image are no confusion. */
  readonly matrix: DrawnMatrix | null;
  /** A picture of each mistake. */
  readonly thumbnails: readonly (Thumbnail | null)[];
}

/**
 * A report as one page of HTML that is whole by itself: no script, nothing from elsewhere, and a Content-Security-Policy by which the browser
 * keeps to that whatever a class or a file is called.
 */
export function reportPage(content: CompleteReportContent, { curves, matrix, thumbnails }: ReportPictures): Markup {
  const sections = [
    { id: 'summary', title: 'Summary', section: summarySection(content) },
    { id: 'training', title: 'Training', section: curvesSection(content, curves) },
    { id: 'mistakes', title: 'Hardest mistakes', section: mistakesSection(content, thumbnails) },
    {
      id: 'confusions',
      title: 'Confusion matrix',
      section: content.kind === 'one class' && matrix ? confusionSection(content, matrix) : null,
    },
    { id: 'classes', title: 'Classes', section: classesSection(content) },
    {
      id: 'confidence',
      title: 'Confidence',
      section: content.kind === 'one class' ? confidenceSection(content) : null,
    },
    { id: 'skipped', title: 'Images left out', section: skippedSection(content) },
  ].filter(({ section }) => section !== null);
  const names = [...(curves.length > 0 ? ['training-curves'] : []), ...(matrix ? ['confusion-matrix'] : [])];
  const files = names.flatMap((name) => [`${name}.svg`, `${name}.png`]);
  const title = cut(printable(content.title), 120);
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
<p class="hint">Made by Signet on <time datetime="${content.date.toISOString()}">${dateText(content.date)}</time></p>
<nav aria-label="Sections"><ul>
${sections.map(({ id, title: name }) => markup`<li><a href="#${id}">${name}</a></li>\n`)}</ul></nav>
</header>
<main>
${sections.map(({ section }) => section)}
</main>
${files.length > 0 && markup`<footer><p class="hint">The pictures as files: ${files.map((file, i) => markup`${i > 0 && ', '}<a href="${file}">${file}</a>`)}</p></footer>`}
</body>
</html>
`;
}

/** `2026-03-01 14:05 UTC`: the reader may be in another time zone. */
function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const policy = `default-src 'none'; img-src data:; style-src 'sha256-${createHash('sha256').update(reportStyle).digest('base64')}'; base-uri 'none'; form-action 'none'`;
