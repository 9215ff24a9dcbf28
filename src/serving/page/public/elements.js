// Small things that several parts of the page need.

export function element(id) {
  return document.getElementById(id);
}

/** An element with text or elements in it. What a server says never becomes markup. */
export function made(tag, properties = {}, ...content) {
  const one = Object.assign(document.createElement(tag), properties);
  one.append(...content);
  return one;
}

/** Shows a text, or hides its element if there is none. */
export function tell(id, text) {
  const one = element(id);
  if (one.textContent !== text) one.textContent = text;
  one.hidden = text === '';
}

/** Announces a text to screen readers, also if it is the same as before. */
export function say(text) {
  element('said').replaceChildren(made('span', {}, text));
}

/** Options of a select element, [value, text] each. */
export function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

/** Head and body of a table whose first column names the rows. */
export function tableOf(titles, rows) {
  const head = made('tr', {}, ...titles.map((title) => made('th', { scope: 'col' }, title)));
  const body = rows.map(([first, ...cells]) =>
    made('tr', {}, made('th', { scope: 'row' }, first), ...cells.map((cell) => made('td', {}, cell))),
  );
  return [made('thead', {}, head), made('tbody', {}, ...body)];
}
