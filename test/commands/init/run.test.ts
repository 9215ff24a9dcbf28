import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { initText } from '../../../src/commands/init/print.js';
import { initProject } from '../../../src/commands/init/run.js';
import { packageVersion } from '../../../src/commands/shared/package-version.js';
import { SignetError } from '../../../src/errors.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** A field of package.json. */
type Named = Readonly<Record<string, string>>;

async function readPackage(folder: string): Promise<Record<'dependencies' | 'devDependencies' | 'engines', Named>> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as never;
}

/** Files of a project but its pictures. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.png'));
  return files.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).toSorted();
}

/** What is said, without the folder that the test has made. */
async function refusal(directory: string, packageFile?: string): Promise<string> {
  const error: unknown = await initProject({ directory, package: packageFile }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  return (error as SignetError).message.replaceAll(path.dirname(directory), '…');
}

describe('signet-ml init', () => {
  it('makes a project with what a user of the package imports, and with this version', async () => {
    const folder = path.join(await temporaryFolder(), 'leaf-finder');
    const result = await initProject({ directory: folder });
    expect(result).toEqual({ directory: folder, name: 'leaf-finder', files: 9, pictures: 450 });
    expect(await filesOf(folder)).toEqual([
      '.dockerignore',
      '.gitignore',
      'Dockerfile',
      'README.md',
      'data/README.md',
      'package.json',
      'src/my-classifier.ts',
      'test/my-classifier.test.ts',
      'tsconfig.json',
    ]);
    const texts = await Promise.all((await filesOf(folder)).map((file) => readFile(path.join(folder, file), 'utf8')));
    expect(texts.filter((text) => /\.\.\/\.\.\/|\{\{|\.template/.test(text))).toEqual([]);
    const imported = texts.flatMap((text) => [...text.matchAll(/from '(signet-ml[^']*)'/g)].map((found) => found[1]));
    expect([...new Set(imported)].toSorted()).toEqual(['signet-ml', 'signet-ml/client', 'signet-ml/saved-model']);
    expect((await readPackage(folder)).dependencies).toEqual({ 'signet-ml': `^${packageVersion()}` });
    const classes = await readdir(path.join(folder, 'data', 'train'));
    expect(classes).toEqual(await readdir(path.join(folder, 'data', 'test')));
    // The README asks for it.
    expect(await readdir(path.join(folder, 'data', 'test', '7'))).toContain('0044.png');
  });

  it('asks for the versions of tools that Signet itself is checked with', async () => {
    const folder = path.join(await temporaryFolder(), 'app');
    await initProject({ directory: folder });
    const [own, made] = [await readPackage('.'), await readPackage(folder)];
    expect(made.engines).toEqual(own.engines);
    expect(own.devDependencies).toMatchObject(made.devDependencies);
  });

  it('brings a package file along', async () => {
    const folder = await temporaryFolder();
    const [file, project] = [path.join(folder, 'signet-ml-9.9.9.tgz'), path.join(folder, 'app')];
    await writeFile(file, new Uint8Array([0x1f, 0x8b, 8, 0]));
    expect(await initProject({ directory: project, package: file })).toMatchObject({ files: 10 });
    expect((await readPackage(project)).dependencies).toEqual({ 'signet-ml': 'file:signet-ml-9.9.9.tgz' });
    expect(await readFile(path.join(project, 'signet-ml-9.9.9.tgz'))).toEqual(await readFile(file));
  });

  it('fills an empty folder, also one that git knows', async () => {
    const folder = path.join(await temporaryFolder(), 'app');
    await mkdir(path.join(folder, '.git'), { recursive: true });
    await initProject({ directory: folder });
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['.git', 'package.json']));
  });

  it('refuses a folder with something in it, a file and names that npm refuses, and writes nothing', async () => {
    const folder = await temporaryFolder();
    for (const name of ['d', 'c', 'b', 'a']) await mkdir(path.join(folder, 'full', name), { recursive: true });
    await writeFile(path.join(folder, 'file'), '');
    const messages = [
      await refusal(path.join(folder, 'full')),
      await refusal(path.join(folder, 'file')),
      await refusal(path.join(folder, 'Dr. Fux: Äpfel')),
      await refusal(path.join(folder, '_hidden')),
      await refusal(path.join(folder, 'signet-ml')),
      await refusal(path.join(folder, 'app'), path.join(folder, 'gone.tgz')),
      await refusal(path.join(folder, 'app'), path.join(folder, 'file')),
    ];
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "A project is made in a new or empty folder, so that none of your files is overwritten. …/full has 4 entries: a, b, c, .... Give another name.
      …/file is a file, or lies within one. Give a new or empty folder.
      The project's name is npm's name of its package too: lower-case letters, digits and - _ . after a letter or digit, at most 100, not node_modules or signet-ml. Received: Dr. Fux: Äpfel. Try: dr-fux-apfel
      The project's name is npm's name of its package too: lower-case letters, digits and - _ . after a letter or digit, at most 100, not node_modules or signet-ml. Received: _hidden. Try: hidden
      The project's name is npm's name of its package too: lower-case letters, digits and - _ . after a letter or digit, at most 100, not node_modules or signet-ml. Received: signet-ml. Try: my-classifier
      --package names …/gone.tgz, which cannot be read: ENOENT: no such file or directory, open '…/gone.tgz'
      --package is a package file of signet-ml, signet-ml-VERSION.tgz, as npm run package makes it. Received: …/file."
    `);
    expect((await readdir(folder)).toSorted()).toEqual(['file', 'full']);
    expect((await readdir(path.join(folder, 'full'))).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('prints what to type next', () => {
    const made = { name: 'app', files: 9, pictures: 450 };
    expect(initText({ ...made, directory: 'my app/x' })).toMatchInlineSnapshot(`
      "my app/x: 9 files and 450 pictures of handwritten digits. README.md says what is where.

      Next:
        cd 'my app/x'
        npm install     and TensorFlow's library: 274 MB, once per user
        npm test
        npm run train   a few seconds
        npm run serve   the page to try it: http://127.0.0.1:8501/
      "
    `);
    expect(initText({ ...made, directory: '.' })).not.toContain('cd ');
  });
});
