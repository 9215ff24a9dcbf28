import { cardOf, heatHint, shortName } from './image-card.js';
import { type Markup, markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import { named, percent } from './report-text.js';
import type { ShownImage } from './shown-image.js';

/**
 * The images of each class that the model answered correctly with the most confidence.
 *
 * @param shown A picture of each.
 * @returns Null where none are known.
 */
export function bestSection({ best, result }: CompleteReportContent, shown: readonly ShownImage[]): Markup | null {
  if (best.length === 0) return null;
  const name = (label: number) => result.perClass[label]?.className ?? '';
  const cards = best.map(({ image, label, probability }, i) => {
    const caption = { title: named(name(label), 40), text: shortName(name(label)), numbers: percent(probability) };
    return cardOf(image.path, caption, shown[i], name);
  });
  return markup`<section aria-labelledby="best">
<h2 id="best">Best images</h2>
<p class="hint">The correct answers that the model was surest of, for each class.${heatHint(shown)}</p>
<ul class="mistakes">
${cards}</ul>
</section>`;
}
