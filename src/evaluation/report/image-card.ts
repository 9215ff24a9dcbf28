import path from 'node:path';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type Insertable, type Markup, markup } from './markup.js';
import { shortPath } from './report-text.js';
import type { ShownImage } from './shown-image.js';
import { thumbnailPicture } from './thumbnail-picture.js';

/** Words about an image. */
export interface Caption {
  /** What it is about, to be cut where it is long. */
  readonly title: Markup;
  /** The same as plain text. */
  readonly text: string;
  readonly numbers: string;
}

/** A picture on a page, and the text below it. */
export interface ImageFigure {
  readonly picture: Insertable;
  readonly title: Insertable;
  /** Words on a line each. */
  readonly lines: readonly Insertable[];
  readonly path: Insertable;
}

/** Makes the figure of an image, with words below it. */
export function imageFigure({ picture, title, lines, path: place }: ImageFigure): Markup {
  return markup`<figure>
${picture}
<figcaption><strong>${title}</strong>
${lines.map((line) => markup`<span>${line}</span>\n`)}<span class="path">${place}</span></figcaption>
</figure>`;
}

/** Makes the card of an image: its picture, the same with its heat map, and words. */
export function cardOf(
  file: string,
  { title, text, numbers }: Caption,
  { thumbnail, heated, label }: ShownImage = { thumbnail: null, heated: null, label: null },
  name: (label: number) => string,
): Markup {
  const alternative = `${shortName(path.basename(file))}: ${text}`;
  const picture = thumbnailPicture(thumbnail, alternative);
  const seen = label === null ? '' : shortName(name(label));
  const beside = heated && markup`<div class="with-heat">${picture}${thumbnailPicture(heated, `where ${seen} was seen in it`)}</div>`; // prettier-ignore
  const lines = heated && seen !== text ? [numbers, `heat: ${seen}`] : [numbers];
  return markup`<li>${imageFigure({ picture: beside ?? picture, title, lines, path: shortPath(file) })}</li>\n`;
}

/** Says what heat maps are, where there are some. */
export function heatHint(shown: readonly ShownImage[]): string {
  return shown.some(({ heated }) => heated)
    ? ' The heat map next to each shows where the named class was seen (Grad-CAM): brighter means more.'
    : '';
}

/** Cuts a name for a caption. */
export function shortName(name: string): string {
  return cut(printable(name), 40);
}
