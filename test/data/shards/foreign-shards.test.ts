import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';
import { create as createTar, Header } from 'tar';
import { expect, it } from 'vitest';

import { listText } from '../../../src/data/list/list-text.js';
import { scanImageList } from '../../../src/data/list/scan-image-list.js';
import { readImageBytes } from '../../../src/data/image-file/read-image-bytes.js';
import { pathWithin, type ImageScan } from '../../../src/data/scan/image-scan.js';
import { tarEnd } from '../../../src/data/shards/webdataset-sample.js';
import { encodeTfRecord } from '../../../src/saved-model/checkpoint/tf-record.js';
import { ExampleSchema } from '../../../src/tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { Feature } from '../../../src/tensorflow/protos/tensorflow/core/example/feature_pb.js';
import { gif, jpeg, png, temporaryDirectory, webp, writeFiles } from '../samples.js';
import { problemLines, scanPacked, withoutSizes } from './packed-samples.js';

type Values = readonly (string | number | Uint8Array)[];

/** A record as any program writes it: numbers are int64, texts and bytes are bytes. */
function record(values: Readonly<Record<string, Values>>): Uint8Array {
  const feature = Object.fromEntries(Object.entries(values).map(([name, each]) => [name, featureOf(each)]));
  return encodeTfRecord(toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } })));
}

function featureOf(values: Values): Feature {
  const isNumbers = typeof values[0] === 'number';
  const value = values.map((each) => (typeof each === 'string' ? Buffer.from(each) : each));
  const kind = isNumbers ? { case: 'int64List', value: { value: value.map(String) } } : { case: 'bytesList', value: { value } }; // prettier-ignore
  return { kind } as unknown as Feature;
}

/** Image names without the folder, with the names of their classes. */
function labelsOf(scan: ImageScan): string[] {
  return scan.files.map(({ path: file, label, labels = [label] }) => `${pathWithin(scan, file)}: ${labels.map((each) => scan.classNames[each]).join(' ')}`); // prettier-ignore
}

it('reads TFRecords of TensorFlow Datasets: classes of label.labels.txt, splits of the names', async () => {
  const folder = path.join(temporaryDirectory(), 'mnist/3.0.1');
  const shard = (labels: readonly number[]) => Buffer.concat(labels.map((label) => record({ image: [png], label: [label] }))); // prettier-ignore
  writeFiles(folder, {
    'mnist-train.tfrecord-00000-of-00002': shard([2, 0]),
    'mnist-train.tfrecord-00001-of-00002': shard([1]),
    'mnist-test.tfrecord-00000-of-00001': shard([1, -1]),
    'label.labels.txt': 'zero\none\ntwo\n',
    'features.json': JSON.stringify({ featuresDict: { features: { image: { image: { shape: {} } }, label: { classLabel: { numClasses: '3' } } } } }), // prettier-ignore
    'dataset_info.json': '{}',
  });
  const scan = await scanPacked(folder);
  expect(scan.classNames).toEqual(['zero', 'one', 'two']);
  expect(labelsOf(scan)).toEqual([
    'mnist-test.tfrecord-00000-of-00001/0000000: one',
    'mnist-train.tfrecord-00000-of-00002/0000000: two',
    'mnist-train.tfrecord-00000-of-00002/0000001: zero',
    'mnist-train.tfrecord-00001-of-00002/0000000: one',
  ]);
  expect(scan.files.map(({ subset }) => subset)).toEqual(['test', 'training', 'training', 'training']);
  expect(withoutSizes(problemLines(scan, folder))).toMatchInlineSnapshot(`
    [
      "mnist-test.tfrecord-00000-of-00001/0000001 unsupported: has the class "-1", which is not one of the 3 (byte N of mnist-test.tfrecord-00000-of-00001)",
    ]
  `);
  expect((await scanPacked(folder, { subsets: ['test'] })).files).toHaveLength(1);
  await expect(scanPacked(folder, { subsets: ['validation'] })).rejects.toThrow('Wanted: "validation". Found: "test", "training".'); // prettier-ignore
  const [train] = (await scanPacked(path.join(folder, 'mnist-train*'))).files;
  expect(train?.subset).toBeUndefined();
  expect(train && (await readImageBytes(train))).toEqual(png);
});

it('finds the features of a TensorFlow Dataset that calls them otherwise', async () => {
  const folder = temporaryDirectory();
  writeFiles(folder, {
    'pets-train.tfrecord-00000-of-00001': Buffer.concat([record({ picture: [png], species: [1], file_name: ['dog.png'] }), record({ picture: [jpeg], species: [0], file_name: ['cat.jpg'] })]), // prettier-ignore
    'species.labels.txt': 'cat\ndog\n',
    'features.json': JSON.stringify({ featuresDict: { features: { picture: { image: {} }, species: { classLabel: {} } } } }), // prettier-ignore
  });
  expect(labelsOf(await scanPacked(folder))).toEqual([
    'pets-train.tfrecord-00000-of-00001/cat.jpg: cat',
    'pets-train.tfrecord-00000-of-00001/dog.png: dog',
  ]);
});

it("reads TFRecords of Google's older scripts: classes by their texts, in the order of their numbers", async () => {
  const folder = temporaryDirectory();
  const image = (label: number, text: string) => record({ 'image/encoded': [png], 'image/class/label': [label], 'image/class/text': [text], 'image/filename': [`${text}.png`] }); // prettier-ignore
  writeFiles(folder, { 'train-00000-of-00001': Buffer.concat([image(2, 'ant'), image(1, 'zebra')]) });
  const scan = await scanPacked(folder);
  expect(scan.classNames).toEqual(['zebra', 'ant']);
  expect(labelsOf(scan)).toEqual(['train-00000-of-00001/ant.png: ant', 'train-00000-of-00001/zebra.png: zebra']);
  writeFiles(folder, { 'train-00000-of-00001': Buffer.concat([image(2, 'ant'), image(2, 'zebra')]) });
  await expect(scanPacked(folder)).rejects.toThrow('the class 2 is "ant" and "zebra"');
});

it('names classes by their numbers where nothing else does, by labels.txt, or by a field that is named', async () => {
  const folder = temporaryDirectory();
  writeFiles(folder, { 'a.tfrecord': Buffer.concat([10, 9].map((label) => record({ 'image/encoded': [png], 'image/class/label': [label], kind: ['x', 'y'] }))) }); // prettier-ignore
  expect((await scanPacked(folder)).classNames).toEqual(['9', '10']);
  const several = await scanPacked(folder, { labelField: 'kind' });
  expect(several).toMatchObject({ classNames: ['x', 'y'], isMultiLabel: true });
  writeFiles(folder, { 'labels.txt': Array.from({ length: 11 }, (_, i) => `${i}:flower ${i}\n`).join('') });
  expect(labelsOf(await scanPacked(folder))).toEqual(['a.tfrecord/0000000: flower 10', 'a.tfrecord/0000001: flower 9']);
});

it('reads WebDatasets of img2dataset: captions and descriptions next to the images, the class in .cls or in a field', async () => {
  const folder = temporaryDirectory();
  const inside = path.join(folder, 'inside');
  const deep = `${'very-long-folder-name/'.repeat(12)}000000002`;
  writeFiles(inside, {
    '000000000.jpg': jpeg,
    '000000000.txt': 'a caption',
    '000000000.json': JSON.stringify({ key: '000000000', url: 'https://example.com/1.jpg', caption: 'x', kind: 'cat', number: 7 }), // prettier-ignore
    '000000001.webp': webp,
    '000000001.seg.png': png,
    '000000001.cls': '3\n',
    '000000001.json': JSON.stringify({ kind: ['dog', 'cat'] }),
    [`${deep}.gif`]: gif,
    [`${deep}.cls`]: 'bird',
    '__meta__.json': '{}',
  });
  const files = ['__meta__.json', ...['jpg', 'txt', 'json'].map((each) => `000000000.${each}`), ...['seg.png', 'webp', 'cls', 'json'].map((each) => `000000001.${each}`)]; // prettier-ignore
  // Pax headers, as the name is too long.
  await createTar({ cwd: inside, file: path.join(folder, '00000.tar') }, [...files, 'very-long-folder-name']);
  const byField = await scanPacked(path.join(folder, '00000.tar'), { labelField: 'kind' });
  expect(byField).toMatchObject({ classNames: ['cat', 'dog'], isMultiLabel: true });
  expect(labelsOf(byField)).toEqual(['00000.tar/000000000: cat', '00000.tar/000000001: cat dog']);
  expect(withoutSizes(problemLines(byField, folder))).toMatchInlineSnapshot(`
    [
      "00000.tar corrupt: has the sample "very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/very-long-folder-name/000000002" without its class. Expected: "kind" in .json. Received: "cls", "gif" (at byte N)",
    ]
  `);
  const byClass = await scanPacked(path.join(folder, '00000.tar'));
  expect(withoutSizes(problemLines(byClass, folder))).toMatchInlineSnapshot(`
    [
      "00000.tar corrupt: has the sample "000000000" without its class. Expected: .cls, or labels in .json (or name a field of it with --label-field). Received: "jpg", "json", "key", "url", "caption", "kind", "number" (at byte N)",
    ]
  `);
  expect(labelsOf(byClass)).toEqual(['00000.tar/000000001: 3', `00000.tar/${deep}: bird`]);
  const [first] = byClass.files;
  expect(first && (await readImageBytes(first))).toEqual(webp);
});

it("reads long names by GNU's headers, and passes over links and folders", async () => {
  const folder = temporaryDirectory();
  const block = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  const member = (
    name: string,
    bytes: Uint8Array,
    type: 'File' | 'NextFileHasLongPath' | 'SymbolicLink' | 'Directory' = 'File',
  ) => {
    // prettier-ignore
    const header = new Header({ path: name, size: bytes.length, type, mode: 0o644, mtime: new Date(0), linkpath: '/etc/passwd' }); // prettier-ignore
    header.encode();
    return Buffer.concat([header.block ?? Buffer.alloc(0), block(bytes)]);
  };
  const name = `${'n'.repeat(150)}.png`;
  writeFileSync(
    path.join(folder, 'a.tar'),
    Buffer.concat([
      member('folder/', Buffer.alloc(0), 'Directory'),
      member('link.png', Buffer.alloc(0), 'SymbolicLink'),
      member('././@LongLink', Buffer.from(`${name}\0`), 'NextFileHasLongPath'),
      member(name.slice(0, 99), png),
      member('././@LongLink', Buffer.from(`${'n'.repeat(150)}.cls\0`), 'NextFileHasLongPath'),
      member(name.slice(0, 99), Buffer.from('0')),
      tarEnd,
    ]),
  );
  const scan = await scanPacked(path.join(folder, 'a.tar'));
  expect(labelsOf(scan)).toEqual([`a.tar/${'n'.repeat(150)}: 0`]);
  expect(scan.problems).toEqual([]);
});

it('takes a folder with folders for classes, whatever archive lies next to them', async () => {
  const { findShards } = await import('../../../src/data/shards/find-shards.js');
  const folder = temporaryDirectory();
  mkdirSync(path.join(folder, 'cats'));
  writeFiles(folder, { 'images.tar': 'x' });
  expect(await findShards(folder)).toBeNull();
  expect(await findShards(path.join(folder, 'nothing'))).toBeNull();
  await expect(findShards(path.join(folder, 'nothing*'))).rejects.toThrow('no file in');
});

it('takes the splits that samples say, by the words of lists', async () => {
  const folder = temporaryDirectory();
  const words = ['train', 'training', 'val', 'valid', 'validation', 'extra'];
  writeFiles(folder, { 'a.tfrecord': Buffer.concat(words.map((word) => record({ image: [png], label: [1], 'image/split': [word] }))) }); // prettier-ignore
  const scan = await scanPacked(folder);
  expect(scan.files.map(({ subset }) => subset)).toEqual(['training', 'training', 'validation', 'validation', 'validation', undefined]); // prettier-ignore
  writeFiles(folder, { 'a.tfrecord': Buffer.from(record({ image: [png], label: [1], 'image/split': ['val'] })) });
  await expect(scanPacked(folder, { subsets: ['test'] })).rejects.toThrow('Wanted: "test". Found: "validation".');
});

it.each(['a.tfrecord', 'a.tar'])(
  'reads images of %s that a list labels, wherever the shard has their class',
  async (name) => {
    const folder = temporaryDirectory();
    writeFiles(folder, { '1.png': png, '1.json': '{"kind": "cat"}', 'a.tfrecord': record({ image: [png], kind: ['cat'] }) }); // prettier-ignore
    await createTar({ cwd: folder, file: path.join(folder, 'a.tar') }, ['1.png', '1.json']);
    const found = await scanPacked(path.join(folder, name), { labelField: 'kind' });
    expect(labelsOf(found)).toHaveLength(1);
    writeFiles(folder, { 'test.jsonl': listText(found) });
    const listed = await scanImageList(path.join(folder, 'test.jsonl'));
    expect(listed).toMatchObject({ classNames: ['cat'], isMultiLabel: false, problems: [], files: found.files });
    expect(listed.files[0]?.labels).toBeUndefined();
  },
);
