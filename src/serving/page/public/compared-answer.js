// The answers of two versions for one picture, side by side.

import { made } from './elements.js';
import { classesIn, doubtOf, isSeveral, nameOf, percent } from './class-words.js';
import { barOf, numberOf } from './probability-bar.js';

/**
 * Shows a table with a row per class: its probability by each version, and how much higher or lower the second one is.
 *
 * @param sides The label and the answer of each version; the second is compared with the first.
 */
export function comparisonOf(sides) {
  const rows = rowsOf(sides.map(({ answer }) => answer.classes));
  const head = made('tr', {}, cell('Class'), ...sides.map(({ label }) => cell(label)), cell('Difference'));
  return made(
    'table',
    { className: 'comparison' },
    made('thead', {}, head),
    made('tbody', {}, ...rows.map((row) => rowOf(row, sides))),
  );
}

/** The two verdicts in a sentence. */
export function verdictOf(sides) {
  const [first, second] = sides.map(({ answer }) => saidBy(answer));
  if (first === second) return `Both versions say ${first}.`;
  return `${sides.map(({ label }, i) => `${label} says ${i === 0 ? first : second}`).join(', ')}.`.replace(/^v/, 'V');
}

/** Whether both versions agree. */
export function isSame(sides) {
  return saidBy(sides[0].answer) === saidBy(sides[1].answer);
}

/** The best class, or all that the picture has, and whether the answer is reliable. */
function saidBy({ classes, isKnown, isSure }) {
  if (classes.length === 0) return 'nothing';
  const names =
    classesIn(classes)
      .map((each) => `“${nameOf(each)}”`)
      .toSorted()
      .join(' and ') || 'none of the classes';
  const doubt = doubtOf(isKnown, isSure).split(/[:,] /)[0];
  return doubt === '' ? names : `${names} (${doubt.toLowerCase()})`;
}

/** A row per class that one of them lists, the highest probability first. */
function rowsOf(lists) {
  const names = [...new Set(lists.flat().map(nameOf))];
  const rows = names.map((name) => ({ name, found: lists.map((list) => list.find((each) => nameOf(each) === name)) }));
  const highest = ({ found }) => Math.max(...found.map((each) => each?.probability ?? 0));
  return rows.toSorted((a, b) => highest(b) - highest(a));
}

function rowOf({ name, found }, sides) {
  const cells = found.map((each, i) => valueCell(each, sides[i].answer.classes));
  return made(
    'tr',
    {},
    made('th', { scope: 'row' }, name),
    ...cells,
    made('td', { className: 'number' }, differenceOf(found)),
  );
}

function valueCell(one, list) {
  // It is not among the best, so it is below the last of these.
  if (!one) return made('td', { className: 'value' }, `under ${percent(list.at(-1)?.probability ?? 1)}`);
  const isSaid = isSeveral(one) ? one.present : one === list[0];
  const { probability } = one;
  return made('td', { className: isSaid ? 'value said' : 'value' }, barOf(probability), ' ', numberOf(probability));
}

/** In percentage points; empty if one of the two is unknown. */
function differenceOf([before, after]) {
  if (!before || !after) return '';
  const points = (after.probability - before.probability) * 100;
  const text = Math.abs(points).toFixed(1);
  if (text === '0.0') return '0.0';
  return `${points > 0 ? '+' : '−'}${text}`;
}

function cell(text) {
  return made('th', { scope: 'col' }, text);
}
