/**
 * `npm run docs:benchmarks -- NAME`: runs the benchmarks of docs/benchmarks.md whose names begin like that, such as `bench:train`, and writes what
 * they print into it. Nothing else should run meanwhile. `$DATA` in a command is taken from the environment.
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

import { fillBlocks } from './fill-blocks.js';

const file = new URL('../../docs/benchmarks.md', import.meta.url);
const name = process.argv[2] ?? '';
if (!name.startsWith('bench:')) {
  console.error('Which benchmark? For example: npm run docs:benchmarks -- bench:train');
  process.exit(2);
}
const [processor] = cpus();
const origin = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${processor?.model.replaceAll(/\((?:R|TM)\)/g, '') ?? 'a processor'}`;
await writeFile(file, await fillBlocks(await readFile(file, 'utf8'), name, origin, printed));

/** Shows what a command prints, too. */
function printed(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.replace('npm run', 'npm run --silent'), {
      shell: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${code}.`));
    });
  });
}
