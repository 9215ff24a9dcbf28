import { markup, type Markup } from './markup.js';
import { whole } from './report-text.js';

/** A section of pictures. */
export interface Gallery {
  readonly id: string;
  readonly title: string;
  readonly hint: string;
  /** A `<li>` for each. */
  readonly cards: readonly Markup[];
  /** How many there would be if all were shown. */
  readonly all: number;
  /** What they are, for the sentence that counts them: `pictures`. */
  readonly kind: string;
}

/** Makes a section of pictures, which says how many of them are shown. */
export function gallery({ id, title, hint, cards, all, kind }: Gallery): Markup {
  const part = cards.length < all && ` The first ${cards.length} of ${whole(all)} ${kind}; --json has all.`;
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<p class="hint">${hint}${part}</p>
<ul class="mistakes">
${cards}</ul>
</section>`;
}
