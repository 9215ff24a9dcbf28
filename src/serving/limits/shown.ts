import { printable } from '../../text/printable.js';

const mostCharacters = 200;

/** A name chosen by a client, cut to its first 200 characters. */
export function cutName(name: string): string {
  return name.length > mostCharacters ? `${name.slice(0, mostCharacters)}...` : name;
}

/** A client's text in a message: one harmless line of at most 200 characters. */
export function shown(text: string): string {
  return printable(cutName(text));
}
