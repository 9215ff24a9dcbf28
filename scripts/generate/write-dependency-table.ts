/**
 * `npm run docs:dependencies`: writes into docs/decisions/0003-dependencies.md what users install, with licences, sizes and versions. It asks npm's
 * registry for the newest versions; not for their dates, because mirrors have different ones.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { folderBytes } from '../../src/files/folder-bytes.js';
import { mapConcurrently } from '../../src/files/map-concurrently.js';
import { runChild } from '../../src/files/run-child.js';
import { fillBlocks } from './fill-blocks.js';

interface Package {
  readonly version: string;
  readonly license?: string;
  /** The form that old packages use. */
  readonly licenses?: readonly { readonly type: string }[];
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly devOptional?: true }>>;
}

const file = 'docs/decisions/0003-dependencies.md';
const { dependencies } = await readJson<{ readonly dependencies: Readonly<Record<string, string>> }>('package.json');
const rows = await mapConcurrently(Object.keys(dependencies), 4, rowOf);
const lock = await readJson<Lock>('package-lock.json');
const installed = Object.entries(lock.packages).filter(
  ([place, each]) => place !== '' && each.dev !== true && each.devOptional !== true,
);
const table = [
  '| package | licence | size | version | newest |',
  '| --- | --- | --- | --- | --- |',
  ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  '',
  `With what they bring, and for every platform, ${installed.length} packages are in the lock file. ${new Date().toISOString().slice(0, 10)}.`,
].join('\n');
await writeFile(
  file,
  await fillBlocks(await readFile(file, 'utf8'), 'docs:dependencies', () => Promise.resolve(table)),
);

async function rowOf(name: string): Promise<string[]> {
  const folder = path.join('node_modules', name);
  const { version, license, licenses = [] } = await readJson<Package>(path.join(folder, 'package.json'));
  const { ok, stdout, output } = await runChild('npm', ['view', name, 'version']);
  if (!ok) throw new Error(`npm view ${name} failed:\n${output}`);
  const newest = stdout.trim();
  const megabytes = (await folderBytes(folder)) / 1e6;
  return [
    `\`${name}\``,
    license ?? licenses.map(({ type }) => type).join(', '),
    `${megabytes < 0.1 ? '< 0.1' : megabytes.toFixed(1)} MB`,
    version,
    newest === version ? 'the same' : newest,
  ];
}

async function readJson<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(name, 'utf8')) as T;
}
