import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * URL of the bundle of a module that runs in a thread, or of a command, if vitest made one.
 *
 * @param {string} url Of the module, with its ending.
 */
export function bundleOf(url) {
  const { SIGNET_BUNDLES: folder } = process.env;
  const root = path.resolve(import.meta.dirname, '../..');
  const name = path.relative(root, fileURLToPath(url)).replace(/\.ts$/, '.mjs');
  const bundle = path.join(folder ?? '', name);
  return folder !== undefined && existsSync(bundle) ? pathToFileURL(bundle).href : null;
}
