/**
 * Lets a process or thread that a test starts run TypeScript, instead of tsx: it needs a second less processor time to start.
 *
 * `node --import test/helpers/loader.js FILE.ts`; `startWorker` takes it from SIGNET_LOADER. esbuild's output is kept in node_modules/.cache, by the
 * content of the file.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { register as registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

export { bundleOf } from './bundle-of.js';

const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache/test-loader');

export function register() {
  registerHooks(import.meta.url);
}

// The hooks run in a separate thread, which imports this file too.
if (isMainThread) register();

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  const isOfTypeScript = /^\.{1,2}\/|^file:/.test(specifier) && specifier.endsWith('.js');
  if (isOfTypeScript && context.parentURL?.endsWith('.js') === false) {
    const { href } = new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL);
    if (existsSync(fileURLToPath(href))) return { url: href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!/\.m?ts$/.test(new URL(url).pathname)) return next(url, context);
  return { format: 'module', source: await javaScriptOf(fileURLToPath(url)), shortCircuit: true };
}

/** @param {string} file */
async function javaScriptOf(file) {
  const source = readFileSync(file, 'utf8');
  const kept = path.join(cache, `${createHash('sha256').update(file).update(source).digest('hex')}.js`);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const { transform } = await import('esbuild');
  const { code } = await transform(source, { loader: 'ts', target: 'node20', format: 'esm', sourcefile: file });
  await mkdir(cache, { recursive: true });
  // Several threads of a process may write the same file at the same time.
  const made = `${kept}.${randomUUID()}`;
  await writeFile(made, code);
  await rename(made, kept);
  return code;
}
