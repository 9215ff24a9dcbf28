import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a module of Signet in a thread of its own: from `dist/` or, while Signet is developed, from its TypeScript. That is loaded by tsx, or by the
 * module whose URL is in `SIGNET_LOADER`: it exports `register`, as tsx does, and optionally `bundleOf`, which returns the path of a file that contains
 * a module with everything it imports. The tests' loader exports both, so that threads start faster.
 *
 * @param module Its URL without the ending: `new URL('./inference-worker-main', import.meta.url)`.
 */
export function startWorker(module: URL, options: WorkerOptions): Worker {
  // The worker must not preload what the process's command line preloads.
  const all: WorkerOptions = { execArgv: [], ...options };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${module}.js`), all);
  // Node.js 20 would preload tsx in the main thread only, and Node.js 22 and later twice. So each worker registers it itself.
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
