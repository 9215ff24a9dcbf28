import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { wordsOf } from '../src/errors.js';
import { lastLines, runChild } from '../src/files/run-child.js';
import { defineCommand } from '../src/commands/shared/flag-table.js';
import { runCommand } from '../src/commands/shared/run-command.js';
import { installNode } from './install-node.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const command = defineCommand({
  name: 'test-node-versions',
  describe: 'Trains and evaluates LeNet on the bundled digits for one epoch under other versions of Node.js.',
  flags: { versions: { type: 'words', default: ['22', '24'], help: 'Versions of Node.js, as npm takes them' } },
});

await runCommand(command, async ({ versions }) => {
  let failed = 0;
  for (const version of versions) {
    const started = performance.now();
    const problem = await tryVersion(version);
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(`Node.js ${version}: ${problem === undefined ? 'pass' : 'fail'} (${seconds} s)\n`);
    if (problem !== undefined) process.stderr.write(`${problem.replaceAll(/^/gm, '  ')}\n`);
    failed += problem === undefined ? 0 : 1;
  }
  if (failed > 0) process.exitCode = 1;
});

/** @returns what went wrong, if anything did. */
async function tryVersion(version: string): Promise<string | undefined> {
  const models = await mkdtemp(join(tmpdir(), 'signet-node-'));
  try {
    const node = await installNode(version);
    const test = ['--test-dataset-path', 'data/digits/test'];
    const train = [...test, '--train-dataset-path', 'data/digits/train', '--model-folder-path', models];
    return (
      (await runScript(node, 'train-model', [...train, '--model-type', 'LenetModel', '--num-epochs', '1'])) ??
      (await runScript(node, 'eval-model', [...test, '--model-path', join(models, 'LenetModel', '1')]))
    );
  } catch (error) {
    return wordsOf(error);
  } finally {
    await rm(models, { recursive: true, force: true });
  }
}

async function runScript(node: string, name: string, args: string[]): Promise<string | undefined> {
  const result = await runChild(node, ['--import', 'tsx', `src/commands/${name}/main.ts`, ...args], { cwd: root });
  return result.ok ? undefined : `${name}: ${result.ending}\n${lastLines(result.output, 10)}`;
}
