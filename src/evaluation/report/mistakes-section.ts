import path from 'node:path';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type Markup, markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import { named, percent, shortPath } from './report-text.js';
import type { Thumbnail } from './thumbnail.js';

/** Up to this many pixels wide or high, single pixels are shown. */
const smallImage = 64;

/**
 * The images that were mistaken most confidently.
 *
 * @param thumbnails Of each mistake, null where there is none.
 */
export function mistakesSection(
  { mistakes, result }: CompleteReportContent,
  thumbnails: readonly (Thumbnail | null)[],
): Markup {
  const name = (label: number) => result.perClass[label]?.className ?? '';
  const cards = mistakes.map((mistake, i) => card(mistake, thumbnails[i] ?? null, name));
  return markup`<section aria-labelledby="mistakes">
<h2 id="mistakes">Hardest mistakes</h2>
${
  mistakes.length === 0
    ? markup`<p>There are none.</p>`
    : markup`<p class="hint">The highest loss first: what the model was surest of, and wrong.</p>
<ul class="mistakes">
${cards}</ul>`
}
</section>`;
}

type Mistake = CompleteReportContent['mistakes'][number];

function card(
  { image, truth, predicted, probability, loss }: Mistake,
  thumbnail: Thumbnail | null,
  name: (label: number) => string,
): Markup {
  const taken = predicted ? name(predicted.label) : null;
  const alternative = `${shortName(path.basename(image.path))}: ${shortName(name(truth))}, taken for ${taken === null ? 'no class' : shortName(taken)}`;
  return markup`<li><figure>
${thumbnail ? picture(thumbnail, alternative) : markup`<div class="nothing">no picture</div>`}
<figcaption><strong>${named(name(truth), 40)}, taken for ${taken === null ? 'no class' : named(taken, 40)}</strong>
<span>${
    predicted && probability !== null
      ? `${percent(predicted.probability)}, its class ${percent(probability)}; loss ${loss.toFixed(2)}`
      : 'a logit is NaN or infinite'
  }</span>
<span class="path">${shortPath(image.path)}</span></figcaption>
</figure></li>
`;
}

function picture({ url, width, height }: Thumbnail, alternative: string): Markup {
  const pixels = Math.max(width, height) <= smallImage && markup` class="pixels"`;
  return markup`<img src="${url}" width="${width}" height="${height}" alt="${alternative}"${pixels}>`;
}

function shortName(name: string): string {
  return cut(printable(name), 40);
}
