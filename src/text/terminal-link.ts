import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { printable } from './printable.js';

/**
 * A path that opens when it is clicked, in terminals that support links; others show just the path.
 *
 * Source: https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda (OSC 8). The host tells a terminal that shows another machine
 * that the file is not on its own.
 *
 * @param stream Where it is printed. Anything but a terminal gets just the path.
 */
export function terminalLink(file: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  if (stream.isTTY !== true || process.env.TERM === 'dumb') return file;
  const url = pathToFileURL(path.resolve(file));
  url.hostname = os.hostname();
  const link = `\u001b]8;;${url.href}\u001b\\${printable(file)}\u001b]8;;\u001b\\`;
  made.add(link);
  return link;
}

const made = new Set<string>();

/** Finds the links in a text that `terminalLink` has made: a name that only looks like one is not one of them. */
export function linksIn(text: string): string[] {
  return [...made].filter((link) => text.includes(link));
}
