import { fileURLToPath } from 'node:url';

/**
 * A script of the benches as `npm run build:bench` compiles it: one that runs by tsx, unlike the package, takes a second longer to start and
 * 80 MiB more.
 *
 * @param file `train/tfjs-fit.js`.
 */
export function compiled(file: string): string {
  return fileURLToPath(new URL(`../dist/bench/${file}`, import.meta.url));
}
