import { describe, expect, expectTypeOf, it } from 'vitest';

import {
  type CommandOnlyOf,
  completeOptions,
  defineCommand,
  expectedValue,
  flagName,
  type GivenOptionsOf,
  type OptionsOf,
} from '../../../src/commands/shared/flag-table.js';

const { flags } = defineCommand({
  name: 'try-it',
  describe: 'Tries the table.',
  flags: {
    path: { type: 'path', required: true, help: 'A folder' },
    patience: { type: 'integer', range: { min: 0 }, default: 5, help: 'Epochs' },
    rate: { type: 'number', range: { above: 0, below: 1 }, help: 'A rate' },
    optimizer: { type: 'choice', choices: ['adam', 'sgd'], default: 'adam', help: 'An optimizer' },
    momentum: { type: 'number', help: 'Its momentum', onlyWith: { optimizer: ['sgd'] } },
    sizes: { type: 'numbers', help: 'Sizes' },
    freeze: { type: 'boolean', default: false, help: 'Freeze', conflicts: { thaw: '--freeze and --thaw differ.' } },
    thaw: { type: 'boolean', default: false, help: 'Thaw' },
    even: {
      type: 'integer',
      help: 'An even number',
      check: (value) => (value % 2 === 0 ? undefined : `--even is even. Received: ${value}.`),
    },
    json: { type: 'boolean', default: false, commandOnly: true, help: 'JSON' },
  },
});

type Options = OptionsOf<typeof flags>;

describe('a table of flags', () => {
  it('gives its options their types', () => {
    expectTypeOf<Options>().toEqualTypeOf<{
      readonly path: string;
      readonly patience: number;
      readonly rate?: number | undefined;
      readonly optimizer: 'adam' | 'sgd';
      readonly momentum?: number | undefined;
      readonly sizes?: readonly number[] | undefined;
      readonly freeze: boolean;
      readonly thaw: boolean;
      readonly even?: number | undefined;
    }>();
    expectTypeOf<Pick<GivenOptionsOf<typeof flags>, 'path' | 'patience'>>().toEqualTypeOf<{
      readonly path: string;
      readonly patience?: number | undefined;
    }>();
    expectTypeOf<CommandOnlyOf<typeof flags>>().toEqualTypeOf<{ readonly json: boolean }>();
  });

  it('completes options with its defaults, and nothing else', () => {
    const defaults = { patience: 5, optimizer: 'adam', freeze: false, thaw: false };
    expect(completeOptions(flags, { path: 'a' })).toEqual({ path: 'a', ...defaults });
    expect(completeOptions(flags, { path: 'a', patience: undefined })).toEqual({ path: 'a', ...defaults });
    const given = { path: 'a', patience: 0, optimizer: 'sgd', momentum: 0.9, sizes: [1, 2] } as const;
    expect(completeOptions(flags, { ...given, json: true } as typeof given)).toEqual({ ...defaults, ...given });
  });

  it('reports every problem at once', () => {
    const given = {
      path: 5 as unknown as string,
      patience: -1,
      rate: 1,
      optimizer: 'adamax' as 'adam',
      momentum: 0.5,
      sizes: [1, 'x' as unknown as number],
      freeze: true,
      thaw: true,
      even: 3,
    };
    expect(() => completeOptions(flags, given)).toThrowErrorMatchingInlineSnapshot(`
      [SignetError: --path is a path. Received: 5.
      --patience is a whole number from 0. Received: -1.
      --rate is between 0 and 1. Received: 1.
      --optimizer is one of adam, sgd. Received: adamax.
      --sizes is numbers. Received: 1 x.
      --even is even. Received: 3.
      --freeze and --thaw differ.
      --momentum is only for --optimizer sgd. Received: 0.5 with --optimizer adamax.]
    `);
    expect(() => completeOptions(flags, {} as Options)).toThrow('--path is required.');
  });

  it.each([
    [{ min: 1 }, 'a whole number from 1', '1 or more'],
    [{ min: 1, max: 9 }, 'a whole number from 1 to 9', 'a number from 1 to 9'],
    [{ above: 0 }, 'a whole number', 'more than 0'],
    [{ above: 0, below: 1 }, 'a whole number', 'between 0 and 1'],
    [{ above: 0, max: 2 }, 'a whole number', 'more than 0 and at most 2'],
    [{ min: 0, below: 1 }, 'a whole number from 0', '0 or more and below 1'],
    [undefined, 'a whole number', 'a number'],
  ])('says what a number in %j is', (range, integer, number) => {
    const flag = { help: '', ...(range && { range }) };
    expect(expectedValue({ type: 'integer', ...flag })).toBe(integer);
    expect(expectedValue({ type: 'number', ...flag })).toBe(number);
  });

  it('is typed in kebab-case', () => {
    expect(['seed', 'inputWidth', 'tlsCa'].map(flagName)).toEqual(['--seed', '--input-width', '--tls-ca']);
  });
});
