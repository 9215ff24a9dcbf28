import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a module of Signet in a thread of its own, from `dist/` and, while Signet is developed, from its TypeScript: with tsx, or with the
 * module whose URL is in `SIGNET_LOADER`, which exports `register` as tsx does, and may say by `bundleOf` where all of a module lies in one
 * file. Tests start threads with one that is faster.
 *
 * @param module Its URL without the ending: `new URL('./inference-worker-main', import.meta.url)`.
 */
export function startWorker(module: URL, options: WorkerOptions): Worker {
  // What the command line of the process preloads is not for the worker.
  const all: WorkerOptions = { execArgv: [], ...options };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${module}.js`), all);
  // Node.js 20 runs the preloaded tsx in the main thread alone, and 22 on does it twice: each worker registers it itself.
  const url = JSON.stringify(`${module}.ts`);
  const loader = JSON.stringify(process.env.SIGNET_LOADER ?? tsxUrl());
  const code = `import(${loader}).then(({ register, bundleOf }) => {
    const bundle = bundleOf?.(${url});
    if (bundle) return import(bundle);
    register();
    return import(${url});
  })`;
  return new Worker(code, { ...all, eval: true });
}

/** Its CommonJS twin, which `resolve` would find, does not work in Node.js 20. */
function tsxUrl(): string {
  const folder = path.dirname(createRequire(import.meta.url).resolve('tsx/package.json'));
  return pathToFileURL(path.join(folder, 'dist/esm/api/index.mjs')).href;
}
