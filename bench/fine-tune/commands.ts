import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { EvalModelResult } from '../../src/commands/eval-model/run.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Flags of a command; `true` is a switch. */
export type Flags = Readonly<Record<string, string | number | true>>;

/**
 * Runs one of Signet's commands in its own process, as a user does, and prints the command line on standard error.
 *
 * @returns what it printed on standard output.
 */
export async function runCommand(name: string, flags: Flags, shortened: (text: string) => string): Promise<string> {
  const args = Object.entries(flags).flatMap(([flag, value]) =>
    value === true ? [`--${flag}`] : [`--${flag}`, `${value}`],
  );
  process.stderr.write(`\n$ npm run --silent ${name} -- ${shortened(args.join(' '))}\n`);
  const script = path.join(root, 'src', 'commands', name, 'main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${name} ended with exit status ${code}`);
  return stdout;
}

/** A model's results on a test set, from its `serving_bytes`. */
export interface TestFigures {
  readonly accuracy: number;
  readonly loss: number;
}

/** Evaluates a version directory with `eval-model`. */
export async function evaluate(
  modelPath: string,
  testDatasetPath: string,
  shortened: (text: string) => string,
): Promise<TestFigures> {
  const flags = { 'test-dataset-path': testDatasetPath, 'model-path': modelPath, json: true } as const;
  const { signatures } = JSON.parse(await runCommand('eval-model', flags, shortened)) as EvalModelResult;
  const { accuracy, loss } = signatures.serving_bytes;
  return { accuracy, loss };
}
