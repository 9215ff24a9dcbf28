import path from 'node:path';

import { runChild } from '../../src/files/run-child.js';
import { runTypeScript } from '../../test/helpers/run-type-script.js';

/**
 * Runs a command of the package in a folder, to its end.
 *
 * @param name The command's folder in `src/commands`.
 * @returns What it printed to standard output.
 * @throws Error with everything that it printed, if it fails.
 */
export async function runCommandIn(folder: string, name: string, args: readonly string[]): Promise<string> {
  const main = path.resolve('src/commands', name, 'main.ts');
  const { ok, ending, stdout, output } = await runChild(process.execPath, [...runTypeScript, main, ...args], {
    cwd: folder,
  });
  if (!ok) throw new Error(`${name}: ${ending}\n${output}`);
  return stdout;
}
