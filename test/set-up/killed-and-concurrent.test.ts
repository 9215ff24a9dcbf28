import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { isLibraryComplete, libraryFolder } from '../../src/set-up/library-folder.js';
import { makeFakeSite, removeFakeSite, type FakeSite } from './fake-site.js';
import { runTypeScript } from '../helpers/run-type-script.js';

const script = fileURLToPath(new URL('run-fake-set-up.ts', import.meta.url));

async function withSite(test: (site: FakeSite) => Promise<void>): Promise<void> {
  const site = await makeFakeSite();
  try {
    writeFileSync(join(site.folder, 'site.json'), JSON.stringify(site));
    await test(site);
  } finally {
    removeFakeSite(site);
  }
}

/** Starts a set-up of the site in a process of its own; see `run-fake-set-up.ts`. */
function start(site: FakeSite, { mayEnd = '', lastStage = '' } = {}) {
  const args = [...runTypeScript, script, join(site.folder, 'site.json'), mayEnd, lastStage];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = async (text: string) => {
    while (!output.includes(text)) await once(child.stdout, 'data');
  };
  return { child, ended, says, output: () => output };
}

const fetches = (site: FakeSite) => readFileSync(site.fetchLog, 'utf8').trim().split('\n').length;

function expectWhole(site: FakeSite): void {
  expect(isLibraryComplete(libraryFolder(site, site.recipe), site.recipe)).toBe(true);
  expect(readdirSync(join(site.cacheFolder, 'unfinished'))).toEqual([]);
  expect(readdirSync(join(site.cacheFolder, 'wheels'))).toEqual([]);
}

describe.concurrent('a set-up that is killed', () => {
  it('while it downloads is finished by the next one', async () => {
    await withSite(async (site) => {
      const killed = start(site, { mayEnd: join(site.folder, 'never') });
      await killed.says('Downloading');
      while (!existsSync(site.fetchLog)) await setTimeout(10);
      killed.child.kill('SIGKILL');
      await expectFinished(site, killed, 2);
    });
  });

  it.each([
    ['unpacks', 'Unpacking'],
    ['tries TensorFlow', 'Trying'],
  ])('while it %s is finished by the next one, which keeps what was done', async (_, lastStage) => {
    await withSite(async (site) => {
      const killed = start(site, { lastStage });
      await expectFinished(site, killed, 1);
      expect(killed.output()).toContain(lastStage);
    });
  });

  async function expectFinished(site: FakeSite, killed: ReturnType<typeof start>, downloads: number): Promise<void> {
    expect(await killed.ended).toBeNull();
    expect(killed.output()).not.toContain('set up\n');
    const next = start(site);
    expect(await next.ended).toBe(0);
    expect(next.output()).toMatch(/set up\n$/);
    expect(fetches(site)).toBe(downloads);
    expectWhole(site);
  }
});

describe.concurrent('two set-ups at once', () => {
  it('do the work once, and the one that waits says so', async () => {
    await withSite(async (site) => {
      const mayEnd = join(site.folder, 'may-end');
      const first = start(site, { mayEnd });
      await first.says('Downloading');
      const second = start(site);
      await second.says('Another set-up');
      writeFileSync(mayEnd, '');
      expect([await first.ended, await second.ended]).toEqual([0, 0]);
      expect(second.output()).toBe(
        'Another set-up is running, or was killed a moment ago; waiting for it\nnothing to do\n',
      );
      expect(fetches(site)).toBe(1);
      expectWhole(site);
    });
  });
});
