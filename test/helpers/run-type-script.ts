import { fileURLToPath } from 'node:url';

import { bundleOf } from './bundle-of.js';

/** Arguments with which Node.js runs TypeScript, faster than with tsx: see loader.js. */
export const runTypeScript = ['--import', new URL('./loader.js', import.meta.url).href];

/**
 * Arguments with which Node.js runs a script: as the bundle that vitest made of it, if there is one. A module in TypeScript that the script is to load
 * needs the loader, and the classes of Signet that it imports must be those of the script.
 *
 * @param url Of the script.
 * @param args Words of its command line.
 */
export function runScript(url: URL, args: readonly string[]): string[] {
  const loadsTypeScript = args.some((word) => /\.ts(#|$)/.test(word));
  const bundle = loadsTypeScript ? null : bundleOf(url.href);
  return bundle === null ? [...runTypeScript, fileURLToPath(url), ...args] : [fileURLToPath(bundle), ...args];
}
