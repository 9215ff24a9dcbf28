// The signatures of the chosen version, as show-model shows them.

import { element, made } from './elements.js';
import { tokenHeader } from './curl-line.js';

/** @param modelPath `/v1/models/NAME/versions/2`, to be called instead of the example's. */
export function showSignatures({ name, signatures }, modelPath, hasToken) {
  const localize = (curl) =>
    curl
      .replaceAll(`http://localhost:8501/v1/models/${encodeURIComponent(name)}:`, `${location.origin}${modelPath}:`)
      .replace(/(^|\| )curl /, (start) => `${start}${tokenHeader(hasToken)}`);
  const side = made('span', { className: 'visually-hidden' }, 'Side');
  const titles = [side, 'Name', 'Type', 'Tensor'].map((title) => made('th', { scope: 'col' }, title));
  const groups = signatures.map((signature) => group(signature, localize));
  element('signature-table').replaceChildren(made('thead', {}, made('tr', {}, ...titles)), ...groups);
}

function group({ key, method, inputs, outputs, curl }, localize) {
  const title = made('th', { scope: 'rowgroup', colSpan: 4 }, key, ' ');
  const kind = method.replace('tensorflow/serving/', '');
  if (kind !== '') title.append(made('span', { className: 'hint' }, kind));
  return made(
    'tbody',
    {},
    made('tr', { className: 'signature' }, title),
    ...inputs.map((tensor) => row('in', tensor)),
    ...outputs.map((tensor) => row('out', tensor)),
    ...(curl === null ? [] : [made('tr', {}, made('td', { colSpan: 4 }, curlDetails(key, localize(curl))))]),
  );
}

function row(side, { name, type, tensor }) {
  return made(
    'tr',
    {},
    made('td', {}, side),
    ...[name, type, tensor].map((text) => made('td', {}, made('code', {}, text))),
  );
}

function curlDetails(key, curl) {
  const summary = made('summary', {}, 'Call it with curl', made('span', { className: 'visually-hidden' }, ` (${key})`));
  return made('details', {}, summary, made('pre', {}, made('code', {}, curl)));
}
