import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { runCommandLine } from '../../helpers/run-command-line.js';

const setUp = (...args: string[]) => runCommandLine('set-up', args);

describe('the command set-up', () => {
  it('explains itself', async () => {
    const { code, stdout, stderr } = await setUp('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('signet-set-up [options]');
    for (const flag of ['--force', '--gpu', '--library', '--verbose', '--quiet']) expect(stdout).toContain(flag);
    expect(stderr).toBe('');
  });

  it.each([
    [['--nope'], 'Unknown argument: --nope'],
    [['extra'], 'Unknown argument: extra'],
    [['--library'], 'Not enough arguments following: library'],
    [['--gpu=maybe'], '--gpu is a switch and takes no value. Received: maybe'],
    [['--gpu', '--no-gpu'], '--gpu was given more than once; give it once.'],
    [['--quiet', '--verbose'], 'Give --quiet or --verbose, not both.'],
    [
      ['--gpu', '--library', '.'],
      '--gpu and --no-gpu download a library, --library uses one you have: give one of them.',
    ],
  ])('answers %j with its usage', async (args, message) => {
    expect(await setUp(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `signet-set-up: ${message}\nSee signet-set-up --help\n`,
    });
  });

  it('is silent when nothing is left to do, as npm run set-up starts it', () => {
    const { status, stdout, stderr } = spawnSync('npx', ['tsx', 'src/commands/set-up/main.ts'], {
      encoding: 'utf8',
      env: { ...process.env, npm_config_loglevel: 'silent' },
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('tells a failure in words, and where it happened only to --debug', async () => {
    const { code, stderr } = await setUp('--library', 'test/scripts');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^signet-set-up: --library takes a folder with lib\/ and include\//);
    expect(stderr).not.toContain('    at ');
    expect((await setUp('--library', 'test/scripts', '--debug')).stderr).toContain('    at ');
  });
});
