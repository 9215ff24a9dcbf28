import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('./offline/offline-page.js', import.meta.url));
/** The package brings it bundled: esbuild and WebGPU's backend are needed only to build the package. */
const bundled = fileURLToPath(new URL('./offline/offline-page.bundle.js', import.meta.url));

/** Returns the script of the page that needs no server, with TensorFlow.js in it, as one classic script. */
export async function offlineScript(): Promise<string> {
  return existsSync(bundled) ? readFile(bundled, 'utf8') : bundleOfflineScript();
}

/** Bundles the script, which the package's build does once. */
export async function bundleOfflineScript(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    loader: { '.wasm': 'dataurl' },
    // TensorFlow.js requires these only in Node.js.
    external: ['fs', 'path', 'crypto', 'worker_threads', 'perf_hooks', 'os', 'util', 'node-fetch', 'string_decoder'],
    legalComments: 'eof',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
