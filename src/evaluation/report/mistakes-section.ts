import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type Caption, cardOf, heatHint } from './image-card.js';
import { type Markup, markup } from './markup.js';
import type { CompleteReportContent, MultiLabelContent, OneClassContent } from './report-content.js';
import { named, percent } from './report-text.js';
import type { RequestedImage, ShownImage } from './shown-image.js';

/**
 * The images that were mistaken most confidently.
 *
 * @param shown A picture of each mistake.
 */
export function mistakesSection(content: CompleteReportContent, shown: readonly ShownImage[]): Markup {
  const { mistakes } = content;
  const name = (label: number) => content.result.perClass[label]?.className ?? '';
  const captions =
    content.kind === 'one class'
      ? content.mistakes.map((mistake) => oneClassCaption(mistake, name))
      : content.mistakes.map((mistake) => multiLabelCaption(mistake, name));
  const cards = mistakes.map(({ image }, i) => cardOf(image.path, captions[i] ?? nothing, shown[i], name));
  return markup`<section aria-labelledby="mistakes">
<h2 id="mistakes">Hardest mistakes</h2>
${
  mistakes.length === 0
    ? markup`<p>There are none.</p>`
    : markup`<p class="hint">Highest loss first: the mistakes that the model was surest of.${heatHint(shown)}</p>
<ul class="mistakes">
${cards}</ul>`
}
</section>`;
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

/**
 * Lists the mistaken images with the class that a heat map of each is about: the one that it was taken for; of several, the most probable that it has
 * not, or else the first that was missed.
 */
export function mistakenImages(content: CompleteReportContent): RequestedImage[] {
  if (content.kind === 'one class') {
    return content.mistakes.map(({ image, predicted }) => ({ image, label: predicted?.label ?? null }));
  }
  return content.mistakes.map(({ image, missed, unexpected, isFinite }) => {
    const [surest] = unexpected.toSorted((a, b) => b.probability - a.probability);
    return { image, label: isFinite ? ((surest ?? missed[0])?.label ?? null) : null };
  });
}

function shortName(name: string): string {
  return cut(printable(name), 40);
}
