/** Writes `src/tensorflow/loading/tfjs.js`: the names that TensorFlow.js exports. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { format, resolveConfig } from 'prettier';

import '../../src/tensorflow/tf.js';

const tfjs = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as object;
const file = path.resolve(import.meta.dirname, '../../src/tensorflow/loading/tfjs.js');
const code = `// Written by scripts/generate/tfjs-exports.ts.
import { createRequire } from 'node:module';

/**
 * TensorFlow.js's exports, by name; \`tfjs.d.ts\` has their types.
 *
 * \`export * from '@tensorflow/tfjs-node-gpu'\` says the same. But TF.js is CommonJS, and Node.js then reads four megabytes of its code
 * in every process and thread to find the names: 0.2 s.
 */
export const { ${Object.keys(tfjs).sort().join(', ')} } = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu');
`;
writeFileSync(file, await format(code, { ...(await resolveConfig(file)), filepath: file }));
