import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { SignetError } from '../errors.js';

/** The installed package whose addon connects Node.js to TensorFlow's library. */
export interface TfjsPackage {
  readonly folder: string;
  readonly version: string;
}

/** The addon inside the package, where its loader looks for it under every Node.js version: it is an N-API addon. */
export const addonPath = join('lib', 'napi-v8', 'tfjs_binding.node');

/** The small addon that turns standard error away while TensorFlow's library is loaded, next to it. */
export const standardErrorAddonPath = join('lib', 'napi-v8', 'standard_error.node');

/**
 * Finds `@tensorflow/tfjs-node-gpu` from this file, which works from the source, from `dist/` and when Signet is itself
 * a dependency.
 *
 * @throws SignetError `NOT_SET_UP` when it is not installed.
 */
export function tfjsPackage(): TfjsPackage {
  let file: string;
  try {
    file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
  } catch (cause) {
    throw new SignetError(
      'NOT_SET_UP',
      'The package @tensorflow/tfjs-node-gpu is not installed. In the repository run "npm run set-up"; ' +
        'in a project run "npm install" and then "npx signet-set-up".',
      { cause },
    );
  }
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return { folder: dirname(file), version };
}
