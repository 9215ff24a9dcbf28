// Draws probabilities.

import { percent } from './class-words.js';
import { made } from './elements.js';

/** A bar, filled up to a probability. */
export function barOf(probability) {
  const part = made('span', { className: 'part' });
  part.style.inlineSize = share(probability);
  return made('span', { className: 'bar', ariaHidden: 'true' }, part);
}

/** A probability in percent; all of its digits appear on hover. */
export function numberOf(probability) {
  return made('span', { className: 'number', title: String(probability) }, percent(probability));
}

/** A part of a bar, for CSS. */
export function share(probability) {
  return percent(probability).replace(' ', '');
}
