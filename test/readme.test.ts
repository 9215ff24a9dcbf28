import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { runChild } from '../src/files/run-child.js';
import { blocksOf } from './helpers/blocks-of.js';
import { runTypeScript } from './helpers/run-type-script.js';
import { temporaryFolder } from './helpers/temporary-folder.js';

/** What a block imports, and the file of `src` behind it. The package's own list, and the types of all blocks: package/doors.test.ts. */
const doors = { 'signet-ml': 'index', 'signet-ml/client': 'client', 'signet-ml/saved-model': 'saved-model', 'signet-ml/serving': 'serving' }; // prettier-ignore
const sourceOf = (door: string) => path.resolve('src', `${door}.ts`);

describe("the documents' TypeScript", () => {
  it.each([
    [
      'trains, evaluates, saves and serves',
      'README.md',
      /^loss [\d.]+ in the first epoch, [\d.]+ in the last\naccuracy 0\.\d+ on 360 test images\nserving at http:\/\/127\.0\.0\.1:\d+\/\n$/,
    ],
    ['saves and loads your own model', 'docs/own-networks.md', /^$/],
    ['runs, compiles, saves and restores a Servable', 'docs/servables.md', /^\[ 'hundred' \]\n\[ 'one' \]\n$/],
  ])('%s (%s)', { timeout: 600_000 }, async (_, document, says) => {
    const folder = await temporaryFolder();
    await symlink(path.resolve('data'), path.join(folder, 'data'));
    const code = blocksOf(document)[0] ?? '';
    await mkdir(path.join(folder, 'models'));
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(path.join(folder, 'block.ts'), quickly(code));
    // The first one as a user runs it, and so the threads that it starts; the others load Signet's modules in half the time.
    const loader = document === 'README.md' ? [path.resolve('node_modules/tsx/dist/cli.mjs')] : runTypeScript;
    const { ok, stdout, output } = await runChild(process.execPath, [...loader, 'block.ts'], { cwd: folder, env: { ...process.env, SIGNET_LOADER: undefined } }); // prettier-ignore
    expect(ok, output).toBe(true);
    expect(stdout).toMatch(says);
  });
});

/** The code with Signet's sources, one epoch, ports that are free, and an end. */
function quickly(code: string): string {
  const imports = code.replaceAll(
    /from '(signet-ml[^']*)'/g,
    (_, door: keyof typeof doors) => `from '${sourceOf(doors[door])}'`,
  );
  const quick = imports
    .replace('epochs: 10', 'epochs: 1')
    .replace("modelFolder: 'models'", '$&, restPort: 0, grpcPort: 0');
  return quick.includes('startServer(') ? `${quick}\nawait server.drain();\n` : quick;
}
