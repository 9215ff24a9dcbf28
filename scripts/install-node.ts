import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { SignetError } from '../src/errors.js';
import { cacheFolder } from '../src/files/cache-folder.js';
import { lastLines, runChild } from '../src/files/run-child.js';

/**
 * Installs a version of Node.js from npm's registry into the cache, once. Node.js's maintainers publish one package per platform there. The
 * package `node` itself would fetch them with an install script, which the repository's npm does not run.
 *
 * @param version As npm takes it: `22`, `22.12.0`.
 * @returns Path of the `node` program.
 * @throws SignetError `OFFLINE` if npm cannot install it.
 */
export async function installNode(version: string): Promise<string> {
  const name = process.platform === 'darwin' ? `node-bin-darwin-${process.arch}` : `node-linux-${process.arch}`;
  const folder = join(cacheFolder(), 'node-versions', version);
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  // npm writes this when everything is in place.
  const done = join(folder, 'node_modules', '.package-lock.json');
  if (existsSync(done)) return node;
  await mkdir(folder, { recursive: true });
  const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { ok, output, ending } = await runChild('npm', [...args, `${name}@${version}`], { cwd: folder });
  if (ok && existsSync(done)) return node;
  await rm(folder, { recursive: true, force: true });
  throw new SignetError('OFFLINE', `npm could not install ${name}@${version}:\n${lastLines(output) || ending}`);
}
