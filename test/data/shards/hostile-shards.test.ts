import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it, onTestFinished, vi } from 'vitest';

import { tryToReadImageFile } from '../../../src/data/image-file/try-to-read-image-file.js';
import { assertUsable } from '../../../src/data/scan/scan-report.js';
import { encodeExample } from '../../../src/data/shards/example-sample.js';
import { findShards } from '../../../src/data/shards/find-shards.js';
import type { Sample } from '../../../src/data/shards/sample.js';
import { ShardMemory } from '../../../src/data/shards/shard-memory.js';
import { encodeWebDatasetSample, tarEnd } from '../../../src/data/shards/webdataset-sample.js';
import { crc32c, maskedCrc32c } from '../../../src/saved-model/checkpoint/crc32c.js';
import { encodeTfRecord } from '../../../src/saved-model/checkpoint/tf-record.js';
import { png, pngClaiming, temporaryDirectory, writeFiles } from '../samples.js';
import { changeBytes, packDigits, problemLines, scanPacked, withoutSizes } from './packed-samples.js';

function sample(given: Partial<Sample> = {}): Sample {
  return { bytes: png, name: 'a/1.png', labels: [0], texts: ['a'], format: 'PNG', extension: 'png', width: 60, height: 40, ...given }; // prettier-ignore
}

const record = (given?: Partial<Sample>) => encodeExample(sample(given));

/** Scans one shard of some bytes. */
async function scanShard(name: string, ...parts: readonly Uint8Array[]) {
  const folder = temporaryDirectory();
  writeFiles(folder, { [name]: Buffer.concat(parts) });
  const scan = await scanPacked(path.join(folder, name));
  return { images: scan.files.length, problems: problemLines(scan, folder), paths: scan.files.map(({ path: file }) => file.replace(`${folder}/`, '')) }; // prettier-ignore
}

/** The head of a record that claims a length, with its right checksum. */
function claiming(length: bigint): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(length);
  head.writeUInt32LE(maskedCrc32c(crc32c(head.subarray(0, 8))), 8);
  return head;
}

it('a record that fails its checksum is one bad image, and the others are used', async () => {
  const broken = Buffer.from(record());
  broken[100] = (broken[100] ?? 0) ^ 1;
  expect(await scanShard('a.tfrecord', record(), broken, record())).toMatchObject({
    images: 2,
    problems: [`a.tfrecord corrupt: has a record that fails its checksum (at byte ${record().length})`],
  });
});

it('memory is not taken for a record that is larger than an image may be', async () => {
  const folder = temporaryDirectory();
  const file = path.join(folder, 'a.tfrecord');
  // A file with a hole: nothing is on the disk.
  writeFileSync(file, Buffer.concat([record(), claiming(300n * 2n ** 20n)]));
  truncateSync(file, record().length + 12 + 300 * 2 ** 20 + 4);
  writeFileSync(file, record(), { flag: 'a' });
  const before = process.memoryUsage().arrayBuffers;
  const scan = await scanPacked(file);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 2 ** 20);
  expect(scan.files).toHaveLength(2);
  expect(withoutSizes(problemLines(scan, folder))).toMatchInlineSnapshot(`
    [
      "a.tfrecord too-large: has a record of N bytes: more than 68157440 (at byte N)",
    ]
  `);
});

it('records without an image, a class or a tf.Example are bad images', async () => {
  const noExample = Buffer.concat([claiming(3n), Buffer.from([255, 255, 255]), Buffer.alloc(4)]);
  noExample.writeUInt32LE(maskedCrc32c(crc32c(noExample.subarray(12, 15))), 15);
  const { problems } = await scanShard(
    'a.tfrecord',
    ...[record({ bytes: Buffer.from('not an image') }), record({ bytes: pngClaiming(60_000, 60_000) })],
    ...[record({ labels: [] }), record({ labels: [1, 0] }), record(), noExample],
  );
  expect(withoutSizes(problems)).toMatchInlineSnapshot(`
    [
      "a.tfrecord corrupt: has a record that is not a tf.Example: premature EOF (at byte N)",
      "a.tfrecord/a/1.png unsupported: is text (byte N of a.tfrecord)",
      "a.tfrecord/a/1.png#1 too-many-pixels: is 60000 x 60000 pixels (3,600 megapixels): more than the limit of 50 megapixels (maxPixels) (byte N of a.tfrecord)",
    ]
  `);
});

const tar = [encodeWebDatasetSample(sample(), '0'), encodeWebDatasetSample(sample(), '1')] as const;

/** The second sample with a bit changed. */
function changedTar(at: number): Buffer {
  const bytes = Buffer.from(tar[1]);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** The second sample with a size of 8 EiB, base-256, and the right checksum of the header. */
function hugeTar(): Buffer {
  const bytes = Buffer.from(tar[1]);
  bytes.set([0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255], 124);
  signHeader(bytes);
  return bytes;
}

/** Writes the checksum of the header that a tar archive begins with. */
function signHeader(bytes: Buffer): void {
  const sum = bytes.subarray(0, 512).reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 32 : byte), 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

const lost = '; what follows is lost';
const brokenShards: [what: string, file: string, parts: Uint8Array[], images: number, problem: string][] = [
  ['a wrong checksum of a length', 'a.tfrecord', [record(), Buffer.alloc(20, 7)], 1, `has a record whose length fails its checksum${lost}`],
  ['a huge length', 'a.tfrecord', [record(), claiming(2n ** 63n), Buffer.alloc(100)], 1, `breaks off within a record of N bytes: N bytes are left${lost}`],
  ['a length beyond the end', 'a.tfrecord', [record(), claiming(1000n), Buffer.alloc(100)], 1, `breaks off within a record of N bytes: N bytes are left${lost}`],
  ['a cut head', 'a.tfrecord', [record(), record().subarray(0, 10)], 1, `breaks off within a record: 10 bytes are left${lost}`],
  ['a cut record', 'a.tfrecord', [record(), record().subarray(0, -5)], 1, `breaks off within a record of N bytes: N bytes are left${lost}`],
  ['no TFRecord', 'a.tfrecord', [Buffer.from('hello, I am a text file of a few words')], 0, `is not a TFRecord file: its first length fails its checksum${lost}`],
  ['compression', 'a.tfrecord', [Buffer.from([0x1f, 0x8b, ...Buffer.alloc(30)])], 0, `is compressed with gzip: unpack it with gunzip${lost}`],
  ['a cut image', 'a.tar', [tar[0], tar[1].subarray(0, 1000)], 1, `is cut off within 1.png: it has N bytes, and N are left${lost}`],
  ['a cut header', 'a.tar', [tar[0], tar[1].subarray(0, 300)], 1, `is cut off: a tar archive ends with empty blocks${lost}`],
  ['no end', 'a.tar', [...tar], 2, `is cut off: a tar archive ends with empty blocks${lost}`],
  ['a changed header', 'a.tar', [tar[0], changedTar(3), tarEnd], 1, `has a header that fails its checksum${lost}`],
  ['a changed image', 'a.tar', [tar[0], changedTar(600), tarEnd], 1, 'has the sample "1" whose image fails its checksum'],
  ['a huge size', 'a.tar', [tar[0], hugeTar(), tarEnd], 1, `has a header with a number that is too large${lost}`],
  ['no tar', 'a.tar', [Buffer.alloc(2000, 'x')], 0, `is not a tar archive: its first header fails its checksum${lost}`],
  ['nothing', 'a.tar', [], 0, `is cut off: a tar archive ends with empty blocks${lost}`],
]; // prettier-ignore

it.each(brokenShards)('%s in %s is said with its place, and what came before is used', async (_, file, parts, images, problem) => {
  const found = await scanShard(file, ...parts);
  expect(found.images).toBe(images);
  expect(withoutSizes(found.problems)).toEqual([`${file} corrupt: ${problem} (at byte N)`]);
}); // prettier-ignore

it('names are never paths: they stay below the data set, and none is opened', async () => {
  const names = ['../../etc/passwd', '/etc/passwd', String.raw`C:\secret.png`, 'a/../../b.png', 'line\nbreak', '', 'good/name.png', 'good/name.png']; // prettier-ignore
  const { paths } = await scanShard('a.tfrecord', ...names.map((name) => record({ name })));
  expect(paths).toEqual([
    ...['0', '1', '2', '3', '4', '5'].map((number) => `a.tfrecord/000000${number}`),
    ...['a.tfrecord/good/name.png', 'a.tfrecord/good/name.png#7'],
  ]);
});

it('a packed set that lacks shards, or has others than its index lists, is refused or said', async () => {
  const folder = temporaryDirectory();
  const { packed, index } = await packDigits(folder, { container: 'webdataset' });
  const refusal = async () => String(await scanPacked(packed).catch((error: unknown) => error)).replaceAll(`${folder}/`, ''); // prettier-ignore
  const [first, second] = index.shards.map(({ file }) => path.join(packed, file)) as [string, string];
  const whole = readFileSync(first);
  // The mode of a member: nothing that a sample says.
  changeBytes(first, (bytes) => {
    const changed = Buffer.from(bytes);
    changed.write('0000600', 100, 'latin1');
    signHeader(changed);
    return changed;
  });
  expect(withoutSizes(problemLines(await scanPacked(packed), folder))).toMatchInlineSnapshot(`
    [
      "packed/shard-00000-of-00010.tar corrupt: does not have the SHA-256 that shards.json lists: remove it, and copy it or pack again (at byte N)",
    ]
  `);
  changeBytes(first, () => Buffer.concat([whole, Buffer.alloc(1)]));
  rmSync(second);
  expect(await refusal()).toMatchInlineSnapshot(`
    "SignetError: The shards in packed are incomplete: shards.json lists 10 shards.
      shard-00000-of-00010.tar has 4097 bytes. Expected: 4096
      shard-00001-of-00010.tar is missing
    Copy or pack them again."
  `);
  for (const text of [
    '{"format": "signet-shards-1"}',
    JSON.stringify({ ...index, shards: [{ ...index.shards[0], file: '../train.tar' }] }),
  ]) {
    writeFileSync(path.join(packed, 'shards.json'), text);
    expect(await refusal()).toMatch(/^SignetError: packed\/shards.json is not the index of a packed data set: /);
  }
});

it('parts that names imply must be there', async () => {
  const folder = temporaryDirectory();
  const names = [0, 2, 3].map((part) => `train-${String(part).padStart(5, '0')}-of-00009`);
  writeFiles(folder, Object.fromEntries(names.map((name) => [name, record()])));
  const refusal = String(await scanPacked(folder).catch((error: unknown) => error)).replaceAll(folder, 'set');
  expect(refusal).toMatchInlineSnapshot(`
    "SignetError: The shards in set are incomplete: their names imply 9 shards.
      train-00001-of-00009 is missing
      train-00004-of-00009 is missing
      train-00005-of-00009 is missing
      … and 3 more
    Copy or pack them again."
  `);
  expect((await scanPacked(path.join(folder, 'train-0000[023]*'))).files).toHaveLength(3);
});

it('--on-bad-image skip leaves broken records out, and an image that changes after the scan is found when it is read', async () => {
  const { packed, index } = await packDigits(temporaryDirectory());
  const file = path.join(packed, index.shards[0]?.file ?? '');
  const scan = await scanPacked(packed);
  const image = scan.files.find(({ inShard }) => inShard?.shard === file);
  changeBytes(file, (bytes) => {
    const changed = Buffer.from(bytes);
    changed[image?.inShard?.offset ?? 0] = 0;
    return changed;
  });
  expect(image && (await tryToReadImageFile(image))).toMatchObject({ kind: 'corrupt' });
  const again = await scanPacked(packed);
  expect(() => assertUsable(again, 'fail')).toThrow('has a record that fails its checksum');
  expect(assertUsable(again, 'skip').scan.files).toHaveLength(9);
});

it('what a scan remembers of a shard is used until the shard changes', async () => {
  const { packed, index } = await packDigits(temporaryDirectory());
  const cache = temporaryDirectory();
  const before = process.env.SIGNET_CACHE;
  process.env.SIGNET_CACHE = cache;
  try {
    const read: number[] = [];
    const scan = async () => {
      read.length = 0;
      const found = await scanPacked(packed, { remember: true, onProgress: (done) => read.push(done) });
      return { files: found.files, problems: found.problems.length, reads: read.length };
    };
    // What changed just now is not remembered.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const first = await scan();
    expect(first).toMatchObject({ problems: 0, reads: 10 });
    expect(await scan()).toEqual({ ...first, reads: 0 });
    changeBytes(path.join(packed, index.shards[1]?.file ?? ''), (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)])); // prettier-ignore
    expect(await scan()).toMatchObject({ problems: 1 });
  } finally {
    if (before === undefined) delete process.env.SIGNET_CACHE;
    else process.env.SIGNET_CACHE = before;
  }
});

/** A field of a message that has a length. */
function field(number: number, content: Uint8Array): Buffer {
  const { length } = content;
  const bytes = [0, 7, 14, 21].map((shift) => ((length >> shift) & 127) | (shift < 21 ? 128 : 0));
  return Buffer.concat([Buffer.of(number * 8 + 2, ...bytes), content]);
}

it('a record of millions of values is refused before each becomes an object', async () => {
  const example = (feature: Uint8Array) => encodeTfRecord(field(1, field(1, Buffer.concat([field(1, Buffer.from('x')), field(2, feature)])))); // prettier-ignore
  const emptyTexts = Buffer.alloc(2_000_002, Buffer.of(10, 0));
  const otherType = Buffer.concat([Buffer.of(8), Buffer.alloc(10)]);
  const { images, problems } = await scanShard(
    'a.tfrecord',
    ...[record(), example(field(1, emptyTexts)), example(field(3, field(1, Buffer.alloc(1_000_001))))],
    ...[example(field(2, field(1, Buffer.alloc(4_000_004)))), example(field(1, otherType)), record()],
  ); // prettier-ignore
  expect(images).toBe(2);
  expect(withoutSizes(problems)).toMatchInlineSnapshot(`
    [
      "a.tfrecord too-large: has a record of more than 1000000 values (at byte N)",
      "a.tfrecord too-large: has a record of more than 1000000 values (at byte N)",
      "a.tfrecord too-large: has a record of more than 1000000 values (at byte N)",
      "a.tfrecord corrupt: has a record that is not a tf.Example: field 1 has the wire type 0 (at byte N)",
    ]
  `);
});

it('a pattern from a list does not take forever', async () => {
  const folder = temporaryDirectory();
  writeFiles(folder, { 'a{b,c}.tfrecord': record() });
  const bomb = '{a,b}'.repeat(30);
  expect(await findShards(path.join(folder, bomb))).toBeNull();
  await expect(findShards(path.join(folder, `${bomb}*`))).rejects.toThrow('no file in');
  await expect(findShards(path.join(folder, '*a'.repeat(4)))).rejects.toThrow(
    'its pattern has 4 *. Expected: at most 3',
  );
  expect((await findShards(path.join(folder, 'a{b,c}*')))?.files).toEqual(['a{b,c}.tfrecord']);
});

it.skipIf(process.platform === 'win32')('a named pipe is not waited for', async () => {
  const pipe = path.join(temporaryDirectory(), 'x.tar');
  execFileSync('mkfifo', [pipe]);
  await expect(scanPacked(pipe)).rejects.toThrow('x.tar cannot be read: it is not a file');
});

it('rows that are too long for a text are not remembered', async () => {
  const folder = temporaryDirectory();
  writeFiles(folder, { 'a.tar': tarEnd });
  // What changed just now is not remembered, whatever it is.
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ['Date'] });
  const memory = await ShardMemory.of(path.join(folder, 'a.tar'), {});
  const rows = [{ toJSON: () => { throw new RangeError('Invalid string length'); } }]; // prettier-ignore
  await memory.keep({ rows: rows as never, sha256: '' });
  expect(await memory.recall()).toBeNull();
});
