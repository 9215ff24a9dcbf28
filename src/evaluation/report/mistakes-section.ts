import path from 'node:path';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type Markup, markup } from './markup.js';
import type { CompleteReportContent, MultiLabelContent, OneClassContent } from './report-content.js';
import { named, percent, shortPath } from './report-text.js';
import { thumbnailPicture } from './thumbnail-picture.js';
import type { Thumbnail } from './thumbnail.js';

/**
 * The images that were mistaken most confidently.
 *
 * @param thumbnails Of each mistake, null where there is none.
 */
export function mistakesSection(content: CompleteReportContent, thumbnails: readonly (Thumbnail | null)[]): Markup {
  const { mistakes } = content;
  const name = (label: number) => content.result.perClass[label]?.className ?? '';
  const captions =
    content.kind === 'one class'
      ? content.mistakes.map((mistake) => oneClassCaption(mistake, name))
      : content.mistakes.map((mistake) => multiLabelCaption(mistake, name));
  const cards = mistakes.map(({ image }, i) => card(image.path, captions[i] ?? nothing, thumbnails[i] ?? null));
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

/** Words about a mistake. */
interface Caption {
  /** Which classes were taken for which, to be cut where it is long. */
  readonly title: Markup;
  /** The same as plain text. */
  readonly text: string;
  readonly numbers: string;
}

const nothing: Caption = { title: markup``, text: '', numbers: '' };
const noNumbers = 'a logit is NaN or infinite';

function oneClassCaption(
  { truth, predicted, probability, loss }: OneClassContent['mistakes'][number],
  name: (label: number) => string,
): Caption {
  const taken = predicted ? name(predicted.label) : null;
  const numbers =
    predicted && probability !== null
      ? `${percent(predicted.probability)}, its class ${percent(probability)}; loss ${loss.toFixed(2)}`
      : noNumbers;
  return {
    title: markup`${named(name(truth), 40)}, taken for ${taken === null ? 'no class' : named(taken, 40)}`,
    text: `${shortName(name(truth))}, taken for ${taken === null ? 'no class' : shortName(taken)}`,
    numbers,
  };
}

/** Classes of one image that are named; the others are counted. */
const mostNamed = 3;

function multiLabelCaption(
  { missed, unexpected, isFinite, loss }: MultiLabelContent['mistakes'][number],
  name: (label: number) => string,
): Caption {
  const groups = [
    { words: 'missed', labels: missed },
    { words: 'not there', labels: unexpected.toSorted((a, b) => b.probability - a.probability) },
  ].filter(({ labels }) => labels.length > 0);
  const rest = ({ length }: readonly unknown[]) => (length > mostNamed ? ` and ${length - mostNamed} more` : '');
  const of = (label: number, probability: number) => (isFinite ? ` ${percent(probability)}` : '');
  const titles = groups.map(({ words, labels }, i) => {
    const names = labels.slice(0, mostNamed).map(({ label, probability }, k) => markup`${k > 0 && ', '}${named(name(label), 40)}${of(label, probability)}`); // prettier-ignore
    return markup`${i > 0 && '; '}${words}: ${names}${rest(labels)}`;
  });
  const texts = groups.map(({ words, labels }) => {
    const names = labels.slice(0, mostNamed).map(({ label, probability }) => shortName(name(label)) + of(label, probability)); // prettier-ignore
    return `${words}: ${names.join(', ')}${rest(labels)}`;
  });
  return {
    title: markup`${titles}`,
    text: texts.join('; '),
    numbers: isFinite ? `loss ${loss.toFixed(2)}` : noNumbers,
  };
}

function card(file: string, { title, text, numbers }: Caption, thumbnail: Thumbnail | null): Markup {
  const alternative = `${shortName(path.basename(file))}: ${text}`;
  return markup`<li><figure>
${thumbnailPicture(thumbnail, alternative)}
<figcaption><strong>${title}</strong>
<span>${numbers}</span>
<span class="path">${shortPath(file)}</span></figcaption>
</figure></li>
`;
}

function shortName(name: string): string {
  return cut(printable(name), 40);
}
