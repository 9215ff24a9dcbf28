import { createInterface } from 'node:readline';

import { mutantReader } from '../../test/helpers/data/read-mutant.js';

/** A process that reads the file that each line names, and answers with the outcome. The bench watches its time and memory. */
const read = await mutantReader();
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const started = performance.now();
  const outcome = await read(line).catch((error: unknown) => `UNEXPECTED ${String(error).slice(0, 300)}`);
  const milliseconds = Math.round(performance.now() - started);
  process.stdout.write(`${JSON.stringify({ outcome, milliseconds })}\n`);
}
process.exit();
