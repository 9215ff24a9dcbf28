import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { lastLines } from '../src/files/run-child.js';
import { runTool } from '../src/files/run-tool.js';

/**
 * Packs the library, `npm run package -- [--pack-destination DIR]`, with tfjs-node's package inside: its JavaScript and the C++ that set-up compiles.
 *
 * A user's npm would run its install script, which downloads a library from 2022 without verifying it, and would install the old tar and adm-zip that
 * the script unpacks it with. No field of a package.json keeps a dependency's script from running, so the package is shipped without one
 * (`bundleDependencies`; Apache License 2.0, section 4).
 */
const binding = '@tensorflow/tfjs-node-gpu';
/** The dependencies that its JavaScript requires. The others are only for its install script. */
const needed = ['@tensorflow/tfjs', 'google-protobuf', 'progress'];

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const stage = await mkdtemp(path.join(os.tmpdir(), 'signet-pack-'));
try {
  const own = await readPackage('.');
  const theirs = await readPackage(path.join('node_modules', binding));
  const versions = needed.map((name) => [name, theirs.dependencies[name] ?? ''] as const);
  for (const name of [...(own.files as string[]), 'README.md', 'LICENSE']) {
    await cp(name, path.join(stage, name), { recursive: true });
  }
  await bundle(theirs, path.join(stage, 'node_modules', binding));
  const dependencies = Object.fromEntries([...Object.entries(own.dependencies), ...versions].toSorted());
  await writePackage(stage, {
    ...own,
    dependencies,
    bundleDependencies: [binding],
    scripts: undefined,
    devDependencies: undefined,
  });
  const destination = ['--pack-destination', process.cwd()];
  const { ok, output, stdout } = await runTool('npm', ['pack', '--silent', ...destination, ...absolute()], {
    cwd: stage,
  });
  if (!ok) throw new Error(`npm pack failed:\n${lastLines(output)}`);
  process.stdout.write(stdout);
} finally {
  await rm(stage, { recursive: true, force: true });
}

/** Makes folders absolute, because npm runs in another folder. */
function absolute(): string[] {
  const args = process.argv.slice(2);
  return args.map((each, i) => (args[i - 1] === '--pack-destination' ? path.resolve(each) : each));
}

/** Copies the package without its scripts, tests and tools. */
async function bundle(theirs: Package, to: string): Promise<void> {
  const from = path.join('node_modules', binding);
  const filter = (file: string) => !/_test(\.d)?\.[jt]s$|run_tests/.test(file);
  await mkdir(to, { recursive: true });
  for (const name of ['dist', 'binding', 'binding.gyp']) {
    await cp(path.join(from, name), path.join(to, name), { recursive: true, filter });
  }
  await cp('LICENSE', path.join(to, 'LICENSE'));
  const { name, version, main, types, license, repository } = theirs;
  // npm would compile a package that has a binding.gyp but no install script.
  await writePackage(to, { name, version, main, types, license, repository, gypfile: false });
  const index = path.join(to, 'dist', 'index.js');
  await writeFile(index, withoutNodePreGyp(await readFile(index, 'utf8')));
  const notice = `${binding} ${String(version)} of Google LLC, Apache License 2.0. Changed by Signet: package.json has no scripts and no\ndependencies, dist/index.js looks for the addon in one place, and tests and tools are left out.\n`;
  await writeFile(path.join(to, 'README.md'), notice);
}

/** The addon is where set-up puts it, and the module that looks for it would need the old tar. */
function withoutNodePreGyp(source: string): string {
  const [before, found, after] = source.split(
    /var binary = require\('@mapbox\/node-pre-gyp'\);\nvar bindingPath = (.*);\n/,
  );
  if (found === undefined || after === undefined) throw new Error(`${binding} looks for its addon in another way now.`);
  return `${before}var bindingPath = path.resolve(__dirname, '../lib/napi-v8/tfjs_binding.node');\n${after}`;
}

async function readPackage(folder: string): Promise<Package> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Package;
}

async function writePackage(folder: string, fields: object): Promise<void> {
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(fields, null, 2)}\n`);
}
