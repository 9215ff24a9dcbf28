import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';

import { commandsDocument } from '../../../scripts/generate/commands-document.js';
import { allCommands, wordOf } from '../../../src/commands/signet-ml/all-commands.js';
import { type Flag, valueProblems } from '../../../src/commands/shared/flag-table.js';
import { kebabCase } from '../../../src/text/case.js';

describe('docs/commands.md', () => {
  it('is what npm run docs:commands writes', async () => {
    const options = await resolveConfig('docs/commands.md');
    const text = await format(commandsDocument(), { ...options, parser: 'markdown' });
    expect(await readFile('docs/commands.md', 'utf8')).toBe(text);
  });

  it('has every command that the package installs', async () => {
    const { bin } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: Record<string, string> };
    expect(allCommands.map(wordOf).sort()).toEqual(
      (await readdir('src/commands'))
        .filter((name) => name !== 'signet-ml' && existsSync(`src/commands/${name}/main.ts`))
        .sort(),
    );
    // init has no binary of its own: `npx init` could run another package's.
    const programs = Object.fromEntries(
      allCommands.flatMap((command) => (wordOf(command) === 'init' ? [] : [[command.name, wordOf(command)]])),
    );
    expect(bin).toEqual(
      Object.fromEntries(
        Object.entries({ 'signet-ml': 'signet-ml', ...programs }).map(([name, folder]) => [
          name,
          `dist/src/commands/${folder}/main.js`,
        ]),
      ),
    );
  });
});

describe.each(allCommands)('the table of $name', ({ flags }) => {
  const entries = Object.entries<Flag>(flags);

  it('names flags that there are', () => {
    const named = entries.flatMap(([, { conflicts = {}, needs = [], onlyWith = {} }]) => [
      ...Object.keys(conflicts),
      ...needs,
      ...Object.keys(onlyWith),
    ]);
    expect(named.filter((name) => !Object.hasOwn(flags, name))).toEqual([]);
  });

  it('has defaults that pass its own checks', () => {
    const defaults = Object.fromEntries(entries.map(([name, flag]) => [name, flag.default]));
    const optional = Object.fromEntries(entries.filter(([, { required }]) => !required));
    expect(valueProblems(optional, defaults)).toEqual([]);
  });

  it('explains each flag in one line without a full stop', () => {
    expect(entries.filter(([, { help }]) => !/^[A-Za-z].*[^.]$/.test(help)).map(([name]) => name)).toEqual([]);
  });

  it('has names that can be typed', () => {
    expect(entries.filter(([name]) => !/^[a-z]+(-[a-z]+)*$/.test(kebabCase(name))).map(([name]) => name)).toEqual([]);
  });
});
