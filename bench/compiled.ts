import { fileURLToPath } from 'node:url';

/**
 * Path of a script of the benches, compiled by `npm run build:bench`: run by tsx, unlike the package, it would take a second longer to start and 80
 * MiB more.
 *
 * @param file `train/tfjs-fit.js`.
 */
export function compiled(file: string): string {
  return fileURLToPath(new URL(`../dist/bench/${file}`, import.meta.url));
}
