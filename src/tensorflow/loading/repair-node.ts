import util from 'node:util';

/**
 * Puts back two functions that tfjs-node 4.22 calls and Node.js 23 removed (tensorflow/tfjs#8425): the fix was merged there in 2025 and never
 * released. Earlier versions of Node.js warn that they are deprecated, so they are replaced there too.
 */
const removed = {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: (value: unknown) => Array.isArray(value),
};

for (const [name, replacement] of Object.entries(removed)) {
  Object.defineProperty(util, name, { value: replacement, configurable: true, writable: true });
}
