import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { cacheFolder } from '../../files/cache-folder.js';
import { lastLines } from '../../files/run-child.js';
import { runTool } from '../../files/run-tool.js';
import { withLock } from '../../files/with-lock.js';
import { converterSource } from './converter-source.js';

/**
 * Compiles the converter into the user's cache, once per version of it: two seconds.
 *
 * @returns the program.
 * @throws SignetError `SET_UP_FAILED` where no C++ compiler is found, or it fails.
 */
export async function buildConverter(signal?: AbortSignal): Promise<string> {
  const digest = createHash('sha256').update(converterSource).digest('hex').slice(0, 12);
  const folder = path.join(cacheFolder(), 'litert');
  const program = path.join(folder, `converter-${digest}`);
  if (existsSync(program)) return program;
  return withLock(folder, { signal }, async (held) => {
    if (!existsSync(program)) await compile(folder, program, held);
    return program;
  });
}

async function compile(folder: string, program: string, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [source, draft] = [`${program}.cc`, `${program}.new`];
  await writeFile(source, converterSource);
  const compiler = process.env.CXX ?? 'c++';
  const result = await runTool(compiler, ['-std=c++17', '-O1', '-o', draft, source, '-ldl'], { signal });
  await rm(source, { force: true });
  if (!result.ok) {
    throw new SignetError(
      'SET_UP_FAILED',
      `The converter to LiteRT could not be compiled: ${compiler} ended with ${result.ending}.\n${lastLines(result.output)}\n` +
        'Install a C++ compiler (g++ or clang++), or name one with CXX.',
    );
  }
  await rename(draft, program);
}
