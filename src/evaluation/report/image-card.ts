import path from 'node:path';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type Markup, markup } from './markup.js';
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
  return markup`<li><figure>
${heated ? markup`<div class="with-heat">${picture}${thumbnailPicture(heated, `where ${seen} was seen in it`)}</div>` : picture}
<figcaption><strong>${title}</strong>
<span>${numbers}</span>${heated && seen !== text && markup`<span>heat: ${seen}</span>`}
<span class="path">${shortPath(file)}</span></figcaption>
</figure></li>
`;
}

/** Says what heat maps are, where there are some. */
export function heatHint(shown: readonly ShownImage[]): string {
  return shown.some(({ heated }) => heated)
    ? ' Next to it, where the named class was seen (Grad-CAM): the brighter, the more.'
    : '';
}

/** Cuts a name for a caption. */
export function shortName(name: string): string {
  return cut(printable(name), 40);
}
