/**
 * Vitest's global set-up: bundles each module that Signet runs in a thread into one file, once for all tests. A thread then starts with half the
 * processor time that it takes to load a hundred modules one by one, each through the loader's own thread.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const threads = [
  'src/evaluation/data-check/look-thread-main.ts',
  'src/export/runtimes/tfjs-worker-main.ts',
  'src/models/keras/hdf5-thread-main.ts',
  'src/serving/worker/inference-worker-main.ts',
];
const folder = path.join(root, 'node_modules/.cache/test-threads');

/** @param {{ onTestsRerun?: (action: () => Promise<void>) => void }} project */
export default async function setup(project) {
  await bundle();
  // Files may be edited while vitest watches.
  project.onTestsRerun?.(bundle);
  process.env.SIGNET_THREADS = folder;
}

async function bundle() {
  await build({
    entryPoints: threads.map((file) => path.join(root, file)),
    outdir: folder,
    outbase: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    plugins: [{ name: 'where modules lie', setup: keepPlaces }],
  });
}

/**
 * Makes `import.meta` give each module's original place, as before it became part of the bundle.
 *
 * @param {import('esbuild').PluginBuild} bundler
 */
function keepPlaces(bundler) {
  bundler.onLoad({ filter: /\.[jt]s$/ }, ({ path: file }) => {
    const place = JSON.stringify({ url: pathToFileURL(file).href, dirname: path.dirname(file), filename: file });
    const contents = `const importMeta = ${place};\n${readFileSync(file, 'utf8').replaceAll(/\bimport\.meta\b/g, 'importMeta')}`;
    return { contents, loader: file.endsWith('.ts') ? 'ts' : 'js' };
  });
}
