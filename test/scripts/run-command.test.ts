import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { runCommand, UsageError } from '../../scripts/run-command.js';
import { SignetError } from '../../src/errors.js';

const options = {
  'model-path': { type: 'string', demandOption: true, describe: 'Folder of the SavedModel' },
  'num-epochs': { type: 'number', default: 5 },
  'class-names': { type: 'array', string: true },
  'keep-going': { type: 'boolean', default: false },
} as const;

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
    {
      name: 'try-it',
      describe: 'Tries the command helper.',
      options,
      examples: [['--model-path models/1', 'tries it']],
      handler: (args) => {
        // The types follow the options: this would not compile otherwise.
        const { modelPath, numEpochs, keepGoing }: { modelPath: string; numEpochs: number; keepGoing: boolean } = args;
        received = { modelPath, numEpochs, keepGoing, classNames: args.classNames, debug: args.debug };
        return fail === undefined ? Promise.resolve() : Promise.reject(fail);
      },
    },
    argv,
  );
}

describe('runCommand', () => {
  it('gives the handler its flags, typed and in camelCase', async () => {
    await run(['--model-path', 'a', '--num-epochs=2.5e1', '--class-names', 'x', 'y', '--keep-going']);
    expect(received).toEqual({ modelPath: 'a', numEpochs: 25, keepGoing: true, classNames: ['x', 'y'], debug: false });
    expect([process.exitCode, stdout, stderr]).toEqual([undefined, '', '']);
  });

  it('prints its help to standard output', async () => {
    await run(['--help']);
    expect(stdout).toContain('try-it [options]\n\nTries the command helper.');
    expect(stdout).toMatch(/--model-path +Folder of the SavedModel {2}\[string\] \[required\]/);
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
  ])('answers %j with its usage and exit code 2', async (argv, message) => {
    await run(argv);
    expect(stderr).toBe(`try-it: ${message}\nSee try-it --help\n`);
    expect([process.exitCode, stdout, received]).toEqual([2, '', undefined]);
  });

  it('tells the handler which flags were typed, and asks for none with the switch that says so', async () => {
    const handler = ({ given, modelPath }: { given: ReadonlySet<string>; modelPath: string }) => {
      received = { given: [...given], modelPath };
      return Promise.resolve();
    };
    const command = { name: 'try-it', describe: 'Tries.', options, relaxedBy: ['keep-going'], handler } as const;
    await runCommand(command, ['--keep-going', '--numEpochs=3']);
    expect(received).toEqual({ given: ['keepGoing', 'numEpochs'], modelPath: undefined });
    await runCommand(command, ['--num-epochs=3']);
    expect(stderr).toContain('Missing required argument: model-path');
  });

  it('gives the handler the words that are no flags, where a command takes them', async () => {
    const handler = ({ operands, protocol }: { operands: readonly string[]; protocol: 'GRPC' | 'REST' }) => {
      received = { operands, protocol };
      return Promise.resolve();
    };
    const protocol = { alias: 'f', choices: ['GRPC', 'REST'], default: 'GRPC' } as const;
    const command = { name: 'try-it', describe: '', operands: 'FILES', options: { protocol }, handler };
    const result = async (...argv: string[]) => {
      [received, stdout, stderr, process.exitCode] = [undefined, '', '', undefined];
      await runCommand(command, argv);
      return received ?? stderr;
    };
    expect(await result('0x7', '-f', 'REST', 'b.png')).toEqual({ operands: ['0x7', 'b.png'], protocol: 'REST' });
    expect(await result('--', '-a.png', '--b')).toEqual({ operands: ['-a.png', '--b'], protocol: 'GRPC' });
    expect(await result()).toBe('try-it: Give FILES.\nSee try-it --help\n');
    expect(await result('a', '--wrong')).toBe('try-it: Unknown argument: --wrong\nSee try-it --help\n');
    expect(await result('a', '-f', 'REST', '--protocol', 'GRPC')).toBe(
      'try-it: --protocol was given more than once; give it once.\nSee try-it --help\n',
    );
    await runCommand(command, ['--help']);
    expect(stdout).toContain('try-it FILES... [options]\n');
  });

  it('ends with 2 when the handler says that the flags do not go together', async () => {
    await run(['--model-path', 'a'], new UsageError('--a and --b exclude each other.'));
    expect([process.exitCode, stderr]).toEqual([2, 'try-it: --a and --b exclude each other.\nSee try-it --help\n']);
  });

  it('ends with 1 and the message alone when the work fails', async () => {
    await run(['--model-path', 'a'], new SignetError('OFFLINE', 'The index cannot be reached.'));
    expect([process.exitCode, stderr]).toEqual([1, 'try-it: The index cannot be reached.\n']);
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
