import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

const folder = '.github/workflows';
const { scripts, engines, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly version: string;
};

/** The npm scripts that a workflow runs. */
function scriptsOf(workflow: string): string[] {
  const { jobs } = parse(readFileSync(`${folder}/${workflow}`, 'utf8')) as Workflow;
  const commands = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = '' }) => run));
  return commands.flatMap((command) => /^npm (?:run )?(test:\S+|start|test|package)/.exec(command)?.[1] ?? []);
}

describe('the workflows of GitHub', () => {
  it.each([
    ['ci.yml', ['test', 'test:parity', 'test:package', 'start']],
    ['release.yml', ['test', 'package']],
  ])('%s runs scripts that are there', (workflow, expected) => {
    expect(scriptsOf(workflow)).toEqual(expected);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(expected));
  });

  it('name actions by their commits, which cannot be moved as a tag can, with the version for people and Dependabot', () => {
    const used = readdirSync(folder).flatMap(
      (file) => readFileSync(`${folder}/${file}`, 'utf8').match(/uses: .*/g) ?? [],
    );
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((line) => !/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  it('are all looked at here', () => {
    expect(readdirSync(folder)).toEqual(['ci.yml', 'release.yml']);
  });

  it('begin with the oldest Node.js that package.json allows', () => {
    const oldest = /\d+/.exec(engines.node)?.[0];
    expect(readFileSync(`${folder}/ci.yml`, 'utf8')).toContain(`node: [${oldest}, `);
  });
});

it('CITATION.cff and CHANGELOG.md name the version of package.json', () => {
  expect(parse(readFileSync('CITATION.cff', 'utf8'))).toMatchObject({ version });
  const versions = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## (\d+\.\d+\.\d+)$/gm)].map(
    (found) => found[1],
  );
  expect(versions[0]).toBe(version);
});
