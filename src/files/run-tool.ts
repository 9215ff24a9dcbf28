import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';

import { type ChildOptions, type ChildResult, runChild, startChild } from './run-child.js';

/** Where tools start: a folder of Signet's own, which holds nothing that they would load by mistake. */
const ownFolder = import.meta.dirname;

/**
 * Runs a program of the machine, such as Python or a compiler, so that no file of the user's current folder becomes part of it. Python
 * takes modules from the folder it starts in: a `pip/` or a `hashlib.py` of a downloaded project would run. So tools start in Signet's
 * folder, where an empty entry of `PYTHONPATH` or `LD_LIBRARY_PATH` leads too, and PYTHONSAFEPATH keeps Python 3.11 and later from searching it.
 *
 * @param options As those of `runChild`; `cwd` is a folder that Signet has made. Default: Signet's own.
 * @throws the signal's reason once the child has ended, when the signal was raised.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const { cwd = ownFolder, env = process.env } = options;
  return runChild(toolPath(command), args, { ...options, cwd, env: { ...env, PYTHONSAFEPATH: '1' } });
}

/** Starts a program of the machine as `runTool` does, and returns it running. The caller ends it. */
export function startTool(
  command: string,
  args: readonly string[],
  { cwd = ownFolder }: Pick<ChildOptions, 'cwd'> = {},
): ChildProcessWithoutNullStreams {
  return startChild(toolPath(command), args, { cwd, env: { ...process.env, PYTHONSAFEPATH: '1' } });
}

/** A program given by its path counts from the current folder, not from where it is started; a plain name is looked up on the PATH. */
export function toolPath(command: string): string {
  return command.includes('/') ? path.resolve(command) : command;
}
