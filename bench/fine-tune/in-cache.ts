import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { cacheFolder } from '../../src/files/cache-folder.js';
import { lastLines, runChild } from '../../src/files/run-child.js';

/** Returns a folder in the user's cache. The first time, it is filled under another name and then renamed, so that it is complete or absent. */
export async function inCache(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(cacheFolder(), 'bench-fine-tune', name);
  if (existsSync(folder)) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  const made = await mkdtemp(`${folder}.new-`);
  try {
    await fill(made);
    await rename(made, folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return folder;
}

/** Runs a program to its end. @returns what it printed on standard output. */
export async function mustRun(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const result = await runChild(command, args, cwd === undefined ? {} : { cwd });
  if (result.ok) return result.stdout;
  throw new Error(`${[command, ...args].join(' ')} ended with ${result.ending}:\n${lastLines(result.output)}`);
}
