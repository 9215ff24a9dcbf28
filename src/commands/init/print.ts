import path from 'node:path';

import { shellQuoted } from '../../text/printable.js';
import type { InitResult } from './run.js';

/** Returns what `signet-ml init` prints: what was made, and what to type next. */
export function initText({ directory, files, pictures }: InitResult): string {
  const isHere = path.resolve(directory) === process.cwd();
  const steps = [
    ...(isHere ? [] : [[`cd ${shellQuoted(directory)}`, '']]),
    ['npm install', "and TensorFlow's library: 274 MB, once per user"],
    ['npm test', ''],
    ['npm run train', 'a few seconds'],
    ['npm run serve', 'the page to try it: http://127.0.0.1:8501/'],
  ] as const;
  return [
    `${directory}: ${files} files and ${pictures} pictures of handwritten digits. README.md says what is where.`,
    '',
    'Next:',
    ...steps.map(([line, note]) => `  ${line.padEnd(note === '' ? 0 : 16)}${note}`),
    '',
  ].join('\n');
}
