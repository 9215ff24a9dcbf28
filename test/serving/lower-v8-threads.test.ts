import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { lowerV8Threads } from '../../src/serving/lower-v8-threads.js';
import { runTypeScript } from '../helpers/run-type-script.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const main = 'node';
const isLinux = process.platform === 'linux';

describe("the threads of V8's own", () => {
  it.each([
    ['by their place', [main, main, main, main, main, main, main, main], [102, 103, 104, 105]],
    ['by their place in Node.js 22', [main, 'DelayedTaskSche', main, main, main, main, main], [102, 103, 104, 105]],
    ['by their names', ['MainThread', 'DelayedTaskSche', ...Array<string>(4).fill('V8Worker'), 'x'], [102, 103, 104, 105]],
    ['not among threads with names of their own', [main, 'a', 'b', 'c', 'd', 'e', 'f'], []],
  ])('are found %s', async (_how, names, expected) => {
    const folder = await temporaryFolder();
    for (const [i, name] of names.entries()) {
      // Their numbers are not in the order of their texts.
      await mkdir(path.join(folder, String(i + 100)));
      await writeFile(path.join(folder, String(i + 100), 'comm'), `${name}\n`);
    }
    await mkdir(path.join(folder, '1000'));
    const lowered: number[] = [];
    lowerV8Threads(folder, (thread) => void lowered.push(thread));
    expect(lowered).toEqual(isLinux ? expected : []);
  }); // prettier-ignore

  it('get a lower priority, and the main thread keeps its own', async () => {
    const script = path.join(await temporaryFolder(), 'script.ts');
    const module = new URL('../../src/serving/lower-v8-threads.ts', import.meta.url).href;
    const code = `import { readdirSync } from 'node:fs';
      import os from 'node:os';
      import { lowerV8Threads } from '${module}';
      lowerV8Threads();
      const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [];
      console.log(JSON.stringify([os.getPriority(process.pid), threads.map((each) => os.getPriority(each))]));`;
    await writeFile(script, code);
    const { stdout } = await promisify(execFile)(process.execPath, [...runTypeScript, script]);
    const [own, all] = JSON.parse(stdout) as [number, number[]];
    expect(own).toBe(os.getPriority());
    const low = Math.min(own + 10, 19);
    expect(all.filter((each) => each === low && low !== own).length).toBe(isLinux && own < 19 ? 4 : 0);
  });

  it('stay as they are where the folder is hidden', () => {
    expect(() => lowerV8Threads('/nowhere')).not.toThrow();
  });
});
