import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { shellCommand } from '../../../src/commands/shared/shell-command.js';

it('is what one types, with flags in kebab-case', () => {
  const flags = { modelPath: 'models/LenetModel/1', batchSize: 32, json: true, verbose: false, seed: undefined };
  expect(shellCommand('eval-model', flags)).toBe(
    'npm run --silent eval-model -- --model-path models/LenetModel/1 --batch-size 32 --json',
  );
});

it('gives every value to the command as it is', async () => {
  const values = ['two words', "it's", '$HOME `id` "x"', 'a;b&c|d>e', '*', '\\', 'ünï', ''];
  for (const value of values) {
    const words = shellCommand('x', { flag: value }).replace(/^.* -- /, '');
    const { stdout } = await promisify(execFile)('bash', ['-c', `printf '%s\\0' ${words}`]);
    expect(stdout.split('\0').slice(0, -1)).toEqual(['--flag', value]);
  }
});
