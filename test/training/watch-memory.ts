import { spawn } from 'node:child_process';
import path from 'node:path';

import { runTypeScript } from '../helpers/run-type-script.js';

/** What a process had, in MiB of memory that is its own and in tensors. */
export interface MemorySample {
  readonly residentMebibytes: number;
  readonly tensors: number;
}

/** Runs a script of the repository in a process of its own, and reads the lines of samples that it prints. */
export async function watchMemory(script: string, args: readonly string[]): Promise<MemorySample[]> {
  const root = path.resolve(import.meta.dirname, '../..');
  const child = spawn(process.execPath, ['--expose-gc', ...runTypeScript, path.join(root, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MemorySample);
}
