import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { defineCommand } from '../../../src/commands/shared/flag-table.js';
import { printResult, runCommand, UsageError } from '../../../src/commands/shared/run-command.js';
import { SignetError } from '../../../src/errors.js';

const command = defineCommand({
  name: 'try-it',
  describe: 'Tries the command helper.',
  flags: {
    modelPath: { type: 'path', required: true, help: 'Folder of the SavedModel' },
    numEpochs: { type: 'number', range: { above: 0 }, default: 5, help: 'Epochs at most' },
    classNames: { type: 'words', defaultText: 'all', help: 'Classes' },
    keepGoing: { type: 'boolean', default: false, commandOnly: true, relaxes: true, help: 'Continue' },
    stop: {
      type: 'boolean',
      default: false,
      help: 'Stop',
      conflicts: { keepGoing: '--stop and --keep-going differ.' },
    },
    width: { type: 'integer', needs: ['height'], help: 'Width' },
    height: { type: 'integer', help: 'Height' },
  },
  examples: [['--model-path models/1', 'tries it']],
});

let stdout: string;
let stderr: string;
let received: unknown;

beforeEach(() => {
  [stdout, stderr, received] = ['', '', undefined];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(argv: string[], fail?: Error): Promise<void> {
  await runCommand(
    command,
    (options, { keepGoing }) => {
      // The types follow the table: this would not compile otherwise.
      const { modelPath, numEpochs }: { modelPath: string; numEpochs: number } = options;
      received = { modelPath, numEpochs, keepGoing, classNames: options.classNames };
      return fail === undefined ? Promise.resolve() : Promise.reject(fail);
    },
    argv,
  );
}

describe('runCommand', () => {
  it('gives the handler its flags, typed and in camelCase', async () => {
    await run(['--model-path', 'a', '--num-epochs=2.5e1', '--class-names', 'x', 'y', '--keep-going']);
    expect(received).toEqual({ modelPath: 'a', numEpochs: 25, keepGoing: true, classNames: ['x', 'y'] });
    expect([process.exitCode, stdout, stderr]).toEqual([undefined, '', '']);
  });

  it('prints its help to standard output', async () => {
    await run(['--help']);
    expect(stdout).toContain('try-it [options]\n\nTries the command helper.');
    expect(stdout).toMatch(/--model-path +Folder of the SavedModel {2}\[string\] \[required\]/);
    expect(stdout).toMatch(/--class-names +Classes \[default: all\] {2}\[array\]/);
    expect(stdout).toContain('try-it --model-path models/1  tries it');
    expect([process.exitCode, stderr, received]).toEqual([undefined, '', undefined]);
  });

  it.each([
    [[], 'Missing required argument: model-path'],
    [['--model-path', 'a', '--model-path', 'b'], '--model-path was given more than once; give it once.'],
    [['--model-path', 'a', '--modelPath', 'b'], '--model-path was given more than once; give it once.'],
    [['--model-path', 'a', '--num-epochs', 'many'], '--num-epochs takes a number. Received: many'],
    [['--model-path', 'a', '--num-epochs'], 'Not enough arguments following: num-epochs'],
    [['--model-path', '--keep-going'], 'Not enough arguments following: model-path'],
    [['--model-path', 'a', '--keep-going=yes'], '--keep-going is a switch and takes no value. Received: yes'],
    [['--model-path', 'a', '--num-epoch', '3'], 'Unknown argument: --num-epoch'],
    [['--model-path', 'a', 'b'], 'Unknown argument: b'],
    [['--model-path', 'a', '--stop', '--keep-going'], '--stop and --keep-going differ.'],
  ])('answers %j with its usage and exit code 2', async (argv, message) => {
    await run(argv);
    expect(stderr).toBe(`try-it: ${message}\nSee try-it --help\n`);
    expect([process.exitCode, stdout, received]).toEqual([2, '', undefined]);
  });

  it('lists every value that the table does not allow, before the handler is called', async () => {
    await run(['--model-path', 'a', '--num-epochs', '-1', '--width', '2.5']);
    expect(stderr).toBe(
      'try-it: --num-epochs is more than 0. Received: -1.\n' +
        '--width is a whole number. Received: 2.5.\n' +
        '--width needs --height, which is missing.\n' +
        'See try-it --help\n',
    );
    expect([process.exitCode, received]).toEqual([2, undefined]);
  });

  it('tells the handler which options were typed, and requires none with the switch that says so', async () => {
    const handler = ({ modelPath }: { modelPath: string }, { given }: { given: object }) => {
      received = { given, modelPath };
      return Promise.resolve();
    };
    await runCommand(command, handler, ['--keep-going', '--numEpochs=3', '--width', '4']);
    expect(received).toEqual({ given: { numEpochs: 3, width: 4 }, modelPath: undefined });
    await runCommand(command, handler, ['--num-epochs=3']);
    expect(stderr).toContain('Missing required argument: model-path');
  });

  it('gives the handler the words that are not flags, where a command takes them', async () => {
    const flags = {
      protocol: { type: 'choice', choices: ['GRPC', 'REST'], alias: 'f', default: 'GRPC', help: '' },
    } as const;
    const withFiles = defineCommand({ name: 'try-it', describe: '', operands: 'FILES', flags });
    const result = async (...argv: string[]) => {
      [received, stdout, stderr, process.exitCode] = [undefined, '', '', undefined];
      await runCommand(
        withFiles,
        ({ protocol }, { operands }) => {
          received = { operands, protocol };
          return Promise.resolve();
        },
        argv,
      );
      return received ?? stderr;
    };
    expect(await result('0x7', '-f', 'REST', 'b.png')).toEqual({ operands: ['0x7', 'b.png'], protocol: 'REST' });
    expect(await result('--', '-a.png', '--b')).toEqual({ operands: ['-a.png', '--b'], protocol: 'GRPC' });
    expect(await result()).toBe('try-it: Give FILES.\nSee try-it --help\n');
    expect(await result('a', '--wrong')).toBe('try-it: Unknown argument: --wrong\nSee try-it --help\n');
    expect(await result('a', '-f', 'REST', '--protocol', 'GRPC')).toBe(
      'try-it: --protocol was given more than once; give it once.\nSee try-it --help\n',
    );
    await result('--help');
    expect(stdout).toContain('try-it FILES... [options]\n');
  });

  it('runs what a switch asks for before the handler', async () => {
    const calls: string[] = [];
    const flags = {
      loud: { type: 'boolean', default: false, commandOnly: true, help: '', whenOn: () => calls.push('on') },
    } as const;
    const loud = defineCommand({ name: 'try-it', describe: '', flags });
    const handler = () => {
      calls.push('handler');
      return Promise.resolve();
    };
    await runCommand(loud, handler, ['--loud']);
    await runCommand(loud, handler, []);
    expect(calls).toEqual(['on', 'handler', 'handler']);
  });

  it('prints a result as text or as JSON', () => {
    const text = ({ name }: { name: string }) => `name: ${name}\n`;
    printResult({ name: 'a' }, false, text);
    printResult({ name: 'a' }, true, text);
    expect(stdout).toBe('name: a\n{\n  "name": "a"\n}\n');
  });

  it('ends with 2 when the handler says that the flags do not go together', async () => {
    await run(['--model-path', 'a'], new UsageError('--a and --b exclude each other.'));
    expect([process.exitCode, stderr]).toEqual([2, 'try-it: --a and --b exclude each other.\nSee try-it --help\n']);
  });

  it('ends with 1, the message and its code when the work fails', async () => {
    await run(['--model-path', 'a'], new SignetError('OFFLINE', 'The index cannot be reached.'));
    expect([process.exitCode, stderr]).toEqual([1, 'try-it: The index cannot be reached.\nError code: OFFLINE\n']);
  });

  it('shows the stack under --debug', async () => {
    await run(['--model-path', 'a', '--debug'], new SignetError('OFFLINE', 'The index cannot be reached.'));
    expect(process.exitCode).toBe(1);
    expect(stderr).toContain('    at ');
  });

  it('owns up to what was not foreseen', async () => {
    await run(['--model-path', 'a'], new TypeError('x is not a function'));
    expect(stderr).toBe('try-it: x is not a function\nThis was not foreseen; --debug shows where it happened.\n');
  });
});
