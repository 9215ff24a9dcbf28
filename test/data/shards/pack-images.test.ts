import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { readImageBytes } from '../../../src/data/image-file/read-image-bytes.js';
import { listText } from '../../../src/data/list/list-text.js';
import { scanImageList } from '../../../src/data/list/scan-image-list.js';
import { findDuplicates } from '../../../src/data/scan/find-duplicates.js';
import { fingerprintImages } from '../../../src/data/scan/fingerprint-images.js';
import { pathWithin } from '../../../src/data/scan/image-scan.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { packImages } from '../../../src/data/shards/pack-images.js';
import type { ImageProblem } from '../../../src/data/image-file/image-problem.js';
import { makeSample } from '../../../src/data/shards/make-sample.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { image, png, temporaryDirectory, webp, writeFiles } from '../samples.js';
import { packDigits, packingOptions, scanPacked } from './packed-samples.js';

const containers = ['tfrecord', 'webdataset'] as const;

/** The names of the files in a folder with their hashes. */
function hashesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, createHash('md5').update(readFileSync(path.join(folder, name))).digest('hex')])); // prettier-ignore
}

describe.each(containers)('packImages: %s', (container) => {
  it('keeps names, classes and bytes: a scan finds what the folder has, in its order', async () => {
    const { scan, packed, index } = await packDigits(temporaryDirectory(), { container });
    expect(index).toMatchObject({ container, classes: ['0', '1'], images: 10, multiLabel: false });
    expect(index.shards.length).toBeGreaterThan(1);
    const found = await scanPacked(packed);
    expect(found.problems).toEqual([]);
    expect(found.classNames).toEqual(scan.classNames);
    const facts = ({ files, directory }: typeof found) => files.map(({ path: file, inShard, ...rest }) => ({ ...rest, name: pathWithin({ directory }, file), isInShard: !!inShard })); // prettier-ignore
    expect(facts(found)).toEqual(facts(scan).map((each) => ({ ...each, isInShard: true })));
    expect(fingerprintImages(found)).toEqual(fingerprintImages(scan));
    for (const [i, file] of found.files.entries()) {
      expect(await readImageBytes(file)).toEqual(readFileSync(scan.files[i]?.path ?? ''));
    }
  });

  it('continues where an aborted run was, and comes to the same bytes', async () => {
    const { scan, packed } = await packDigits(temporaryDirectory(), { container });
    const again = `${packed}-again`;
    const controller = new AbortController();
    const onProgress = (done: number) => done >= 5 && controller.abort(new Error('Ctrl-C'));
    const options = packingOptions({ container });
    await expect(packImages(scan, again, { ...options, onProgress, signal: controller.signal })).rejects.toThrow('Ctrl-C'); // prettier-ignore
    const left = readdirSync(again);
    expect(left).toContain('packing.json');
    expect(left).not.toContain('shards.json');
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
    const { kept } = await packImages(scan, again, options);
    expect(kept).toBe(left.length - 1);
    expect(kept).toBeGreaterThan(0);
    expect(hashesOf(again)).toEqual(hashesOf(packed));
    // A third time there is nothing to do.
    expect((await packImages(scan, again, options)).index.shards).toHaveLength(
      Object.keys(hashesOf(packed)).length - 1,
    );
  });
});

it('packImages writes again what a crash has left half, or what somebody has removed', async () => {
  const { scan, packed, index } = await packDigits(temporaryDirectory());
  const whole = hashesOf(packed);
  const [first, second, ...others] = index.shards;
  writeFileSync(path.join(packed, 'packing.json'), JSON.stringify({ plan: index.plan, shards: [first, second], skipped: [] })); // prettier-ignore
  for (const { file } of others) rmSync(path.join(packed, file));
  rmSync(path.join(packed, 'shards.json'));
  rmSync(path.join(packed, second?.file ?? ''));
  writeFileSync(path.join(packed, `.${second?.file}.unfinished`), 'half');
  expect(await packImages(scan, packed, packingOptions())).toMatchObject({ kept: 1 });
  expect(hashesOf(packed)).toEqual(whole);
});

it('packImages shuffles by the seed', async () => {
  const { scan, packed, index } = await packDigits(temporaryDirectory());
  const other = await packImages(scan, `${packed}-2`, packingOptions({ seed: 2 }));
  expect(other.index.shards[0]?.sha256).not.toBe(index.shards[0]?.sha256);
});

it('packImages refuses a folder with something else in it', async () => {
  const folder = temporaryDirectory();
  const { scan, packed, train } = await packDigits(folder);
  const refusal = async (directory: string, seed = 1) => {
    const error: unknown = await packImages(scan, directory, packingOptions({ seed })).catch((each: unknown) => each);
    return String(error).replaceAll(`${folder}/`, '');
  };
  expect(await refusal(train)).toMatchInlineSnapshot(
    `"SignetError: Cannot pack into train: it is not empty. Remove it, or give another --output."`,
  );
  expect(await refusal(packed, 2)).toMatchInlineSnapshot(
    `"SignetError: Cannot pack into packed: it holds another packed data set. Remove it, or give another --output."`,
  );
  writeFiles(path.join(folder, 'begun'), { 'packing.json': '{"plan": "another", "shards": [], "skipped": []}' });
  expect(await refusal(path.join(folder, 'begun'))).toMatchInlineSnapshot(
    `"SignetError: Cannot pack into begun: it holds a run of pack-dataset that was interrupted, with other images or other options. Remove it, or give another --output."`,
  );
  writeFiles(path.join(folder, 'broken'), { 'packing.json': '{' });
  expect(await refusal(path.join(folder, 'broken'))).toMatchInlineSnapshot(
    `"SignetError: broken/packing.json cannot be used: it is not JSON: Expected property name or '}' in JSON at position 1."`,
  );
  expect(existsSync(path.join(train, 'packing.json'))).toBe(false);
});

it('packImages keeps several classes per image, splits, and names outside of the folder of a list', async () => {
  const folder = temporaryDirectory();
  copyDigits(folder, { classes: 2, images: 2 });
  const rows = [
    { path: '../train/0/000.png', labels: ['round'], split: 'train' },
    { path: '../train/1/001.png', labels: ['long', 'round'], split: 'test' },
    { path: '../test/0/000.png', labels: [], split: 'test' },
  ];
  const names = (half: string, digit: number) => readdirSync(path.join(folder, half, String(digit))).sort();
  const list = rows.map((row) => {
    const [, half = '', digit = ''] = /(\w+)\/(\d)\//.exec(row.path) ?? [];
    const [name] = names(half, Number(digit));
    return JSON.stringify({ ...row, path: `../${half}/${digit}/${name}` });
  });
  writeFiles(folder, { 'lists/all.jsonl': list.join('\n') });
  const scan = await scanImageList(path.join(folder, 'lists/all.jsonl'));
  for (const container of containers) {
    await packImages(scan, path.join(folder, container), packingOptions({ container }));
    const found = await scanPacked(path.join(folder, container));
    expect(found).toMatchObject({ classNames: ['long', 'round'], isMultiLabel: true });
    const seen = found.files.map(({ path: file, labels, subset }) => [pathWithin(found, file).replace(/\/[^/]+$/, ''), labels, subset]); // prettier-ignore
    expect(seen).toEqual([['test/0', [], 'test'], ['train/0', [1], 'training'], ['train/1', [0, 1], 'test']]); // prettier-ignore
    const test = await scanPacked(path.join(folder, container), { subsets: ['test'] });
    expect(test.files).toHaveLength(2);
  }
});

it('packImages makes large images smaller, upright, and leaves small ones as they are', async () => {
  const folder = temporaryDirectory();
  const turned = await image(90, 60).withMetadata({ orientation: 6 }).jpeg().toBuffer(); // prettier-ignore
  writeFiles(folder, { 'a/large.jpg': turned, 'a/small.png': png, 'b/x.webp': webp, 'b/tiny.png': await image(8, 8).png().toBuffer() }); // prettier-ignore
  const scan = await scanImageDirectory(folder);
  const packed = path.join(temporaryDirectory(), 'packed');
  await packImages(scan, packed, packingOptions({ resize: 30 }));
  const found = await scanPacked(packed);
  const seen = found.files.map(({ path: file, format, width, height, orientation }) => [pathWithin(found, file), format, width, height, orientation]); // prettier-ignore
  expect(seen).toEqual([
    ['a/large.jpg', 'jpeg', 30, 45, undefined],
    ['a/small.png', 'png', 45, 30, undefined],
    ['b/tiny.png', 'png', 8, 8, undefined],
    ['b/x.webp.png', 'png', 45, 30, undefined],
  ]);
  const tiny = found.files[2];
  expect(tiny && (await readImageBytes(tiny))).toEqual(readFileSync(path.join(folder, 'b/tiny.png')));
  const large = found.files[0];
  expect(large && (await sharp(await readImageBytes(large)).metadata()).width).toBe(30);
});

it('packImages stops at an image that changed since the scan, or leaves it out', async () => {
  const folder = temporaryDirectory();
  const { train } = copyDigits(folder, { classes: 2, images: 3 });
  const scan = await scanImageDirectory(train);
  rmSync(scan.files[0]?.path ?? '');
  writeFileSync(scan.files[1]?.path ?? '', 'changed');
  const packed = path.join(folder, 'packed');
  await expect(packImages(scan, packed, packingOptions())).rejects.toMatchObject({ code: 'BAD_IMAGE' });
  const { skipped, index } = await packImages(scan, packed, packingOptions({ onBadImage: 'skip' }));
  expect(skipped.map(({ message }) => message).sort()).toEqual(['cannot be read: no such file or directory', 'has changed since it was scanned']); // prettier-ignore
  expect(index.images).toBe(4);
  expect((await scanPacked(packed)).files).toHaveLength(4);
});

it('findDuplicates compares images of shards with images of folders', async () => {
  const { scan, packed } = await packDigits(temporaryDirectory());
  expect(await findDuplicates(await scanPacked(packed), scan)).toHaveLength(10);
});

it('a list of images in shards names the shards, and says which image is not in them', async () => {
  const folder = temporaryDirectory();
  const { packed } = await packDigits(folder);
  const found = await scanPacked(packed);
  const text = listText(found);
  writeFiles(folder, { 'test.jsonl': text, 'wrong.jsonl': text.replace(/[^/]+\.png/, 'gone.png') });
  const listed = await scanImageList(path.join(folder, 'test.jsonl'));
  expect(listed.files).toEqual(found.files);
  expect(listed.classNames).toEqual(found.classNames);
  const [problem, ...others] = (await scanImageList(path.join(folder, 'wrong.jsonl'))).problems;
  expect(others).toEqual([]);
  expect(problem?.message.replaceAll(folder, '')).toBe('is not in the shards /packed (line 1 of the list)');
});

it('packImages writes shards of a finished set again that are missing or have another size', async () => {
  const { scan, packed, index } = await packDigits(temporaryDirectory());
  const whole = hashesOf(packed);
  const [first, second] = index.shards.map(({ file }) => path.join(packed, file)) as [string, string];
  rmSync(first);
  truncateSync(second, 100);
  const done: number[] = [];
  const again = await packImages(scan, packed, packingOptions({ onProgress: (each) => done.push(each) }));
  expect(again.kept).toBe(index.shards.length - 2);
  expect(done.at(-1)).toBe(10);
  expect(hashesOf(packed)).toEqual(whole);
});

it('a list of images that were split off shards is read whatever split the shards say', async () => {
  const folder = temporaryDirectory();
  const { train } = copyDigits(folder, { classes: 2, images: 2 });
  const rows = (await scanImageDirectory(train)).files.map(({ path: file, label }, i) =>
    JSON.stringify({ path: file, label: `digit ${label}`, split: i === 0 ? 'validation' : 'train' }),
  );
  writeFiles(folder, { 'all.jsonl': rows.join('\n') });
  const packed = path.join(folder, 'packed');
  await packImages(await scanImageList(path.join(folder, 'all.jsonl')), packed, packingOptions());
  const found = await scanPacked(packed, { subsets: ['training'] });
  writeFiles(folder, { 'test.jsonl': listText(found) });
  const listed = await scanImageList(path.join(folder, 'test.jsonl'), { subsets: ['test'] });
  expect(listed.files.map(({ path: file }) => file)).toEqual(found.files.map(({ path: file }) => file));
  // A list of that list names the shards, not the list.
  expect(listText(listed)).toBe(listText(found));
});

it('packImages says which image does not decode when it is made smaller', async () => {
  const folder = temporaryDirectory();
  writeFiles(folder, { 'a/1.webp': webp, 'b/2.png': png });
  const [file] = (await scanImageDirectory(folder)).files;
  writeFileSync(path.join(folder, 'a/1.webp'), Buffer.alloc(webp.length, 'no image'));
  const problem = (await makeSample({ file: file as never, name: 'a/1.webp' }, ['a'], 8)) as ImageProblem;
  expect(`${problem.kind}: ${problem.message}`).toMatchInlineSnapshot(
    `"corrupt: does not decode: The image is corrupt: it cannot be transcoded to PNG"`,
  );
});
