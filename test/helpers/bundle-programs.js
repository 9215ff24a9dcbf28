/**
 * Vitest's global set-up: bundles each module that Signet runs in a thread, and some commands, into one file each, once for all tests. A thread or a
 * process then starts with half to two thirds of the processor time that it takes to load some hundred modules one by one, each through the loader's
 * own thread.
 *
 * Each is a file of its own: in files that several share, esbuild would load TensorFlow before the modules that must come before it.
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
  'src/serving/health/health-thread-main.ts',
  'src/serving/reader/reader-main.ts',
  'src/serving/worker/inference-worker-main.ts',
  'src/serving/writer/writer-main.ts',
];
/** Those that tests start most often. */
const commands = ['eval-served-model', 'pack-dataset', 'serve-model', 'train-model'];
const folder = path.join(root, 'node_modules/.cache/test-programs');

/** @param {{ onTestsRerun?: (action: () => Promise<void>) => void }} project */
export default async function setup(project) {
  await bundle();
  // Files may be edited while vitest watches.
  project.onTestsRerun?.(bundle);
  process.env.SIGNET_BUNDLES = folder;
}

async function bundle() {
  const programs = [...threads, ...commands.map((name) => `src/commands/${name}/main.ts`)];
  await build({
    entryPoints: programs.map((file) => path.join(root, file)),
    outdir: folder,
    outbase: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // Names that messages and saved trainings show stay what they are, also where a bundle has two of one name.
    keepNames: true,
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
    const source = readFileSync(file, 'utf8').replaceAll(/\bimport\.meta\b/g, 'importMeta');
    // After the line that names the interpreter, if there is one.
    const contents = source.replace(/^(#!.*\n)?/, (first) => `${first}const importMeta = ${place};\n`);
    return { contents, loader: file.endsWith('.ts') ? 'ts' : 'js' };
  });
}
