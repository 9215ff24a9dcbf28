/**
 * `npm run docs:benchmarks -- NAME`: runs the benchmarks in docs/benchmarks.md whose names begin with NAME, such as `bench:train`, and writes their
 * output into it. Nothing else should run at the same time. `$DATA` in a command is taken from the environment.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

import { runChild } from '../../src/files/run-child.js';
import { fillBlocks, quotedOutput } from './fill-blocks.js';

const file = new URL('../../docs/benchmarks.md', import.meta.url);
const name = process.argv[2] ?? '';
if (!name.startsWith('bench:')) {
  console.error('Which benchmark? For example: npm run docs:benchmarks -- bench:train');
  process.exit(2);
}
const [processor] = cpus();
const origin = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${processor?.model.replaceAll(/\((?:R|TM)\)/g, '') ?? 'a processor'}`;
await writeFile(file, await fillBlocks(await readFile(file, 'utf8'), name, printed));

/** @returns The quoted output of a command, which is also shown while it runs. */
async function printed(command: string): Promise<string> {
  const onOutput = (text: string) => void process.stderr.write(text);
  const { ok, ending, stdout } = await runChild('sh', ['-c', command.replace('npm run', 'npm run --silent')], {
    onOutput,
  });
  if (!ok) throw new Error(`${command} ended with ${ending}.`);
  return quotedOutput(command, origin, stdout);
}
