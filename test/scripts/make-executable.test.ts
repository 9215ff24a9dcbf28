import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { runChild } from '../../src/files/run-child.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

interface Package {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

it('the build ends with commands that can be run', async () => {
  const text = readFileSync('package.json', 'utf8');
  const { bin, scripts } = JSON.parse(text) as Package;
  const folder = await temporaryFolder();
  writeFileSync(path.join(folder, 'package.json'), text);
  const files = Object.values(bin).map((file) => path.join(folder, file));
  for (const file of files) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '', { mode: 0o644 });
  }
  const last = scripts.build?.split(' && ').at(-1);
  expect(last).toBe('node scripts/make-executable.js');
  const { ok, output } = await runChild('node', [path.resolve('scripts/make-executable.js')], { cwd: folder });
  expect(ok, output).toBe(true);
  expect(files.map((file) => statSync(file).mode & 0o777)).toEqual(files.map(() => 0o755));
});
