import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { SignetError } from '../../../src/errors.js';
import { scanImageDirectory, type ScanOptions } from '../../../src/data/scan/scan-image-directory.js';
import { gif, jpeg, latin1Path, png, temporaryDirectory, writeFiles } from '../samples.js';

const digits = Array.from('0123456789');

/** The error of a scan, its message with `DATA` for the directory. */
async function errorOf(directory: string, options?: ScanOptions): Promise<string> {
  const error = await scanImageDirectory(directory, options).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(SignetError);
  const { code, message } = error as SignetError;
  return `${code}: ${message.replaceAll(directory, 'DATA')}`;
}

function dataset(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = temporaryDirectory();
  writeFiles(directory, files);
  return directory;
}

describe('scanImageDirectory', () => {
  it.each([
    ['train', 1437],
    ['test', 360],
  ])('scans the bundled digits: %s', async (half, number) => {
    const scan = await scanImageDirectory(`data/digits/${half}`);
    expect(scan.classNames).toEqual(digits);
    expect(scan.files).toHaveLength(number);
    expect(scan.problems).toEqual([]);
    expect(scan.notes).toEqual({ strayFiles: [], unusedDirectories: [], repeatedDirectories: [] });
    for (const { path, label, format, width, height } of scan.files) {
      expect(path.startsWith(`data/digits/${half}/${label}/`)).toBe(true);
      expect({ format, width, height }).toEqual({ format: 'png', width: 8, height: 8 });
    }
  });

  it('sorts files by path, and gives each the label of its class', async () => {
    const directory = dataset({ 'b/2.png': png, 'b/10.png': png, 'a/1.png': png, 'a/deep/0.jpg': jpeg });
    const { files } = await scanImageDirectory(directory);
    expect(files.map(({ path, label }) => [path.slice(directory.length), label])).toEqual([
      ['/a/1.png', 0],
      ['/a/deep/0.jpg', 0],
      ['/b/10.png', 1],
      ['/b/2.png', 1],
    ]);
  });

  it('reports every bad file at once, beside the good ones', async () => {
    const directory = dataset({
      'cat/1.png': png,
      'cat/2.png': '',
      'cat/3.jpg': jpeg.subarray(0, -9),
      'dog/4.jpg': gif,
      'dog/5.txt': 'no image',
      'stray.png': png,
    });
    symlinkSync('..', join(directory, 'dog/up'));
    symlinkSync('gone', join(directory, 'dog/lost.png'));
    const { files, problems, notes } = await scanImageDirectory(directory);
    expect(files.map(({ path }) => path.slice(directory.length))).toEqual(['/cat/1.png', '/dog/4.jpg']);
    expect(problems.map(({ path, kind }) => `${path.slice(directory.length)} ${kind}`)).toEqual([
      '/cat/2.png empty',
      '/cat/3.jpg corrupt',
      '/dog/5.txt unsupported',
      '/dog/lost.png unreadable',
      '/dog/up symlink-loop',
    ]);
    expect(notes.strayFiles).toEqual([join(directory, 'stray.png')]);
  });

  it('tells how far it is', async () => {
    const directory = dataset({ 'a/1.png': png, 'a/2.png': png, 'b/1.png': '', 'b/2.png': png });
    const calls: [number, number][] = [];
    await scanImageDirectory(directory, { onProgress: (...call) => calls.push(call) });
    expect(calls).toEqual([0, 1, 2, 3, 4].map((done) => [done, 4]));
  });

  it('finds the same whatever is read side by side', async () => {
    const one = await scanImageDirectory('data/digits/test', { concurrency: 1 });
    expect(await scanImageDirectory('data/digits/test', { concurrency: 64 })).toEqual(one);
  });

  it('ends when it is aborted, and begins no other file', async () => {
    const controller = new AbortController();
    let looked = 0;
    const onProgress = (done: number): void => {
      looked = done;
      if (done === 10) controller.abort(new Error('stopped by the user'));
    };
    const scan = scanImageDirectory('data/digits/train', { onProgress, signal: controller.signal, concurrency: 4 });
    await expect(scan).rejects.toThrow('stopped by the user');
    expect(looked).toBeLessThan(14);
    await expect(scanImageDirectory('data/digits/train', { signal: controller.signal })).rejects.toThrow('stopped');
  });

  it('holds files to the limits that are given', async () => {
    const directory = dataset({ 'a/1.png': png, 'b/1.png': png });
    expect(await errorOf(directory, { maxPixels: 100 })).toContain('2 files are too large in pixels:');
  });
});

describe('classNames', () => {
  const files = { 'a/1.png': png, 'b/1.png': png, 'c/1.png': png };

  it('gives the order of the labels', async () => {
    const { classNames, files: found } = await scanImageDirectory(dataset(files), { classNames: ['c', 'a', 'b'] });
    expect(classNames).toEqual(['c', 'a', 'b']);
    expect(found.map(({ label }) => label)).toEqual([1, 2, 0]);
  });

  it('may leave classes out, as in Keras: that is noted', async () => {
    const { files: found, notes } = await scanImageDirectory(dataset(files), { classNames: ['c', 'a'] });
    expect(found).toHaveLength(2);
    expect(notes.unusedDirectories).toEqual(['b']);
  });

  it('must all have a directory', async () => {
    expect(await errorOf(dataset(files), { classNames: ['a', 'cat', '../b', 'b'] })).toBe(
      'INVALID_DATASET: The directories in DATA are not those that classNames lists.\n' +
        'Without a directory: "cat", "../b".\n' +
        'Directories that classNames does not list: "c".',
    );
  });

  it('must not repeat itself', async () => {
    expect(await errorOf(dataset(files), { classNames: ['a', 'b', 'a', 'a'] })).toBe(
      'INVALID_ARGUMENT: classNames lists "a" twice.',
    );
  });
});

describe('a data set that cannot be used', () => {
  const layout = 'A data set is a directory with a directory of images for each class, such as DATA/cat and DATA/dog.';

  it('may be missing', async () => {
    expect(await errorOf(join(temporaryDirectory(), 'gone'))).toBe(
      'INVALID_DATASET: The data set DATA does not exist.',
    );
  });

  it('may be a file', async () => {
    const directory = dataset({ file: '' });
    expect(await errorOf(join(directory, 'file'))).toBe(
      `INVALID_DATASET: The data set DATA is not a directory. ${layout}`,
    );
  });

  it('may be a link that leads nowhere', async () => {
    const link = join(temporaryDirectory(), 'link');
    symlinkSync('gone', link);
    expect(await errorOf(link)).toBe(
      'INVALID_DATASET: The data set DATA is a symbolic link to gone, which does not exist.',
    );
  });

  it('may be empty', async () => {
    expect(await errorOf(temporaryDirectory())).toBe(
      `INVALID_DATASET: The data set DATA cannot be used.\nIt needs at least two classes. Found: none. ${layout}`,
    );
  });

  it('may have its images in no class', async () => {
    expect(await errorOf(dataset({ '1.png': png, '2.png': png }))).toBe(
      'INVALID_DATASET: The data set DATA cannot be used.\n' +
        `It needs at least two classes. Found: none. Files directly in DATA: 2. ${layout}`,
    );
  });

  it('is told all that is wrong with it at once', async () => {
    const directory = dataset({ 'a/1.png': png, 'b/1.png': '', 'c\n/1.png': png });
    mkdirSync(join(directory, 'd'));
    symlinkSync('gone', join(directory, 'lost'));
    writeFileSync(latin1Path(directory, 'b/\xff.png'), png);
    expect(await errorOf(directory)).toBe(
      'INVALID_DATASET: The data set DATA cannot be used.\n' +
        'Cannot be read, and may be classes: "DATA/lost".\n' +
        'Classes whose names have control characters (rename them): "c\\n".\n' +
        'Classes without an image that can be used: "b", "d".\n' +
        '2 files are unreadable:\n' +
        '  DATA/b/\\xff.png has a name that is not valid UTF-8: rename it\n' +
        '  DATA/lost is a symbolic link to gone, which does not exist\n' +
        '1 file is empty:\n' +
        '  DATA/b/1.png has no bytes',
    );
  });

  it('may have one class only', async () => {
    expect(await errorOf(dataset({ 'cat/1.png': png }))).toBe(
      `INVALID_DATASET: The data set DATA cannot be used.\nIt needs at least two classes. Found: only "cat". ${layout}`,
    );
  });

  it.runIf(process.getuid?.() === 0)('may keep its files from the user', async () => {
    const directory = dataset({ 'a/1.png': png, 'a/deep/2.png': png, 'b/1.png': png, 'b/2.png': png });
    chmodSync(directory, 0o755);
    chmodSync(join(directory, 'a/deep'), 0o700);
    chmodSync(join(directory, 'b/1.png'), 0o600);
    process.seteuid?.(65_534);
    try {
      const { problems } = await scanImageDirectory(directory);
      expect(problems.map(({ path, message }) => `${path.slice(directory.length)} ${message}`)).toEqual([
        '/a/deep cannot be read: permission denied',
        '/b/1.png cannot be read: permission denied',
      ]);
    } finally {
      process.seteuid?.(0);
    }
  });
});
