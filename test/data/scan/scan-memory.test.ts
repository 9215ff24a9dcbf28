import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { InspectOptions } from '../../../src/data/scan/inspect-images.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { gif, image, jpeg, temporaryDirectory, writeFiles } from '../samples.js';

const png = await image(3, 2).png().toBuffer();

const number = 30;

let directory: string;
let file: string;

beforeEach(async () => {
  const folder = temporaryDirectory();
  directory = join(folder, 'data');
  file = join(folder, 'cache', 'memory.tsv');
  writeFiles(directory, {
    'cat/0.png': png,
    'dog/0.jpg': jpeg,
    'dog/00.png': png,
    'dog/1.gif': gif,
    'dog/tab\there.png': png,
  });
  for (let i = 1; i <= number; i++) writeFileSync(join(directory, `cat/${i}.png`), png);
  // What was changed within the last seconds is not remembered.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
  await scan();
});

afterEach(() => vi.useRealTimers());

/** What a scan finds, and how many files it knew already. */
async function scan(options: InspectOptions = {}) {
  let known = -1;
  const onProgress = (done: number) => (known = known < 0 ? done : known);
  const memory = { file, prefix: directory, leastImages: number };
  const found = await scanImageDirectory(directory, { memory, onProgress, ...options });
  const short = (path: string) => path.slice(directory.length + 1);
  return { found, known, problems: found.problems.map(({ path, kind }) => `${short(path)} ${kind}`) };
}

/** A file that the directory did not have, under the name of one that it had: with the same name, size or neither. */
function replace(name: string, content: Uint8Array): void {
  writeFileSync(join(directory, 'new'), content);
  renameSync(join(directory, 'new'), join(directory, name));
}

it('finds the same again, and looks only at what has a tab in its name', async () => {
  const without = await scanImageDirectory(directory);
  const { found, known } = await scan();
  expect(found).toEqual(without);
  expect(known).toBe(number + 4);
});

it('notices what is new, gone, of another size or of the same size with other bytes', async () => {
  const other = Buffer.from(png);
  // Its pixels are random: the byte may have any value.
  other[other.length - 21] = (other.at(-21) ?? 0) ^ 1;
  replace('cat/3.png', other);
  replace('cat/4.png', png.subarray(0, -7));
  replace('cat/5.png', jpeg);
  rmSync(join(directory, 'cat/6.png'));
  writeFileSync(join(directory, 'dog/2.png'), png);
  const { found, known, problems } = await scan();
  expect(known).toBe(number + 4 - 4);
  expect(found).toEqual(await scanImageDirectory(directory));
  expect(problems).toEqual(['cat/3.png corrupt', 'cat/4.png corrupt']);
  expect((await scan()).known).toBe(number + 2);
});

it('looks at all files again under other limits', async () => {
  const { known, problems } = await scan({ maxPixels: 100 });
  expect(known).toBe(0);
  expect(problems).toEqual(['dog/0.jpg too-many-pixels', 'dog/1.gif too-many-pixels']);
});

it('keeps nothing of a few images', async () => {
  rmSync(file);
  await scan({ memory: { file, prefix: directory, leastImages: 100 } });
  expect(existsSync(file)).toBe(false);
});

it.each<[string, (text: string) => string]>([
  ['a file cut off', (text) => text.slice(0, -9)],
  ['numbers that are none', (text) => text.replaceAll('\tpng\t', '\tpng\tx')],
  ['formats that do not exist', (text) => text.replaceAll('\tpng\t', '\t__proto__\t')],
  ['another version', (text) => text.replace('scan 1', 'scan 0')],
  ['no text', () => '\0'.repeat(1000)],
])('finds the same with a memory of %s', async (_, damage) => {
  writeFileSync(file, damage(readFileSync(file, 'utf8')));
  expect((await scan()).found).toEqual(await scanImageDirectory(directory));
});

it('goes on where nothing can be kept', async () => {
  rmSync(file);
  mkdirSync(file);
  expect((await scan()).found.files).toHaveLength(number + 5);
});
