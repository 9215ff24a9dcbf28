// Asks for the token of a server that needs one.

import { element, tell } from './elements.js';
import { setToken } from './server.js';

const form = element('token-form');
const input = element('token');

/** @param retry Called when there is a new token to try. */
export function watchTokenForm(retry) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (/^[!-~]+$/.test(token)) setToken(token);
    else return tell('problem', 'A token is printable characters of ASCII without spaces.');
    return retry();
  });
}

/** @param wasRefused Whether there was a token, but not the right one. */
export function askForToken(wasRefused) {
  tell('problem', wasRefused ? 'The server does not take this token.' : '');
  if (!form.hidden && !wasRefused) return;
  form.hidden = false;
  input.value = '';
  input.focus();
}

export function hideTokenForm() {
  form.hidden = true;
  input.value = '';
}
