// Requests to the page's own server, with the token if one is needed.

const key = 'signet-token';
let token = readToken();

/** A failed request: the server's message, and its status; 0 if it could not be reached. */
export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Private windows may refuse to store anything. */
function readToken() {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function hasToken() {
  return token !== null;
}

/** Keeps the token for this tab; null forgets it. */
export function setToken(given) {
  token = given;
  try {
    if (given === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, given);
  } catch {
    // Then it is kept until the page is left.
  }
}

/** @returns The answer's text. @throws ServerError; an AbortError when the signal is aborted. */
export async function request(path, { method, body, signal } = {}) {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  let response;
  let text;
  try {
    response = await fetch(path, { method, body, signal, headers, cache: 'no-store' });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServerError('The server cannot be reached.', 0);
  }
  if (response.ok) return text;
  throw new ServerError(errorText(text) || `The server answered ${response.status}.`, response.status);
}

function errorText(text) {
  try {
    return String(JSON.parse(text).error);
  } catch {
    return text;
  }
}
