import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { wordsOf } from '../src/errors.js';
import { lastLines, runChild, startChild } from '../src/files/run-child.js';
import { defineCommand } from '../src/commands/shared/flag-table.js';
import { runCommand } from '../src/commands/shared/run-command.js';
import { installNode } from './install-node.js';

const command = defineCommand({
  name: 'test-package',
  describe:
    'Packs the library, installs the package into an empty project under each version of Node.js, trains LeNet there, serves it and classifies a picture.',
  flags: {
    versions: {
      type: 'words',
      default: ['20', '22', '24'],
      help: 'Versions of Node.js, as npm takes them; current is the one that runs',
    },
  },
});

/** How long `serve-model` may take to answer, in milliseconds. */
const patience = 60_000;
const picture = path.resolve('data/digits/test/7/0043.png');

await runCommand(command, async ({ versions }) => {
  const stage = await mkdtemp(path.join(tmpdir(), 'signet-package-'));
  try {
    const packageFile = path.join(stage, await packInto(stage));
    for (const version of versions) await tellOf(version, packageFile);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
});

/** @returns Name of the package file. */
async function packInto(folder: string): Promise<string> {
  const { ok, stdout, output } = await runChild('npm', [
    'run',
    '--silent',
    'package',
    '--',
    '--pack-destination',
    folder,
  ]);
  if (!ok) throw new Error(`npm run package failed:\n${lastLines(output, 10)}`);
  return stdout.trim();
}

async function tellOf(version: string, packageFile: string): Promise<void> {
  const project = await mkdtemp(path.join(tmpdir(), 'signet-project-'));
  try {
    const node = version === 'current' ? process.execPath : await installNode(version);
    process.stdout.write(`Node.js ${version}: ${await tryPackage(node, packageFile, project)}\n`);
  } catch (error) {
    process.stdout.write(`Node.js ${version}: fail\n${wordsOf(error).replaceAll(/^/gm, '  ')}\n`);
    process.exitCode = 1;
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

/** Does what a user of the package does, in an empty folder. @returns How long it took. */
async function tryPackage(node: string, packageFile: string, project: string): Promise<string> {
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` };
  const run = async (line: string[]) => {
    const [program = '', ...args] = line;
    const { ok, ending, output } = await runChild(program, args, { cwd: project, env });
    if (!ok) throw new Error(`${line.join(' ')}: ${ending}\n${lastLines(output, 10)}`);
  };
  await writeFile(path.join(project, 'package.json'), '{ "private": true }\n');
  const installed = await secondsOf(async () => {
    await run(['npm', 'install', '--no-audit', '--no-fund', packageFile]);
    await run(['npx', 'signet-set-up']);
  });
  const digits = ['train', 'test'].flatMap((part) => [`--${part}-dataset-path`, path.resolve('data/digits', part)]);
  const trained = await secondsOf(() =>
    run(['npx', 'train-model', '--model-type', 'LenetModel', '--num-epochs', '5', '--seed', '1', ...digits]),
  );
  const served = await secondsOf(() => serveAndAsk(project, env));
  return `installed and set up in ${installed} s, trained in ${trained} s, served and asked in ${served} s`;
}

async function secondsOf(work: () => Promise<void>): Promise<string> {
  const started = performance.now();
  await work();
  return ((performance.now() - started) / 1000).toFixed(0);
}

/** Serves the project's models, sends a picture of a seven, and ends the server as Ctrl-C does. */
async function serveAndAsk(project: string, env: NodeJS.ProcessEnv): Promise<void> {
  const main = path.join(project, 'node_modules', '.bin', 'serve-model');
  const args = ['--model-folder', 'models', '--rest-port', '0', '--grpc-port', '0'];
  const server = startChild(main, args, { cwd: project, env });
  const complaints = text(server.stderr);
  const ended = once(server, 'exit') as Promise<[number | null]>;
  const timer = setTimeout(() => server.kill('SIGKILL'), patience);
  try {
    const address = await addressOf(server.stdout);
    if (address === null) throw new Error(`serve-model ended before it answered:\n${await complaints}`);
    const best = await classify(`${address}v1/models/LenetModel:classify-image`);
    if (best !== '7') throw new Error(`serve-model takes ${picture} for ${best}.`);
  } finally {
    server.kill('SIGINT');
    await ended;
    clearTimeout(timer);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`serve-model ended with ${code}:\n${await complaints}`);
}

/** @returns The address of the page, once it is printed; null if the server ends before that. */
async function addressOf(stdout: NodeJS.ReadableStream): Promise<string | null> {
  let seen = '';
  for await (const piece of stdout) {
    seen += String(piece);
    const address = /^page {2}(\S+)$/m.exec(seen)?.[1];
    if (address !== undefined) return address;
  }
  return null;
}

async function classify(url: string): Promise<string> {
  const headers = { 'Content-Type': 'image/png' };
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(await readFile(picture)) });
  const { predictions } = (await response.json()) as { predictions?: { classes: { name: string }[] }[] };
  return predictions?.[0]?.classes[0]?.name ?? `nothing (status ${response.status})`;
}
