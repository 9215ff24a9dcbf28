import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Storage } from '@google-cloud/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { scanImageList } from '../../src/data/list/scan-image-list.js';
import { listText } from '../../src/data/list/list-text.js';
import { readImageBytes } from '../../src/data/image-file/read-image-bytes.js';
import { type ImageScan, pathWithin } from '../../src/data/scan/image-scan.js';
import { messageOf, packDigits, scanPacked } from '../data/shards/packed-samples.js';
import { hasStorage, runPython, storageFolder } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { writeFile } from 'node:fs/promises';

const servers: ChildProcess[] = [];
let packed: string;
let folder: string;
const before = { ...process.env };

afterAll(() => {
  for (const server of servers) server.kill();
  process.env = before;
});

/** Starts a server of the environment at a free port, and waits for it. */
async function start(program: string, args: (port: number) => readonly string[]): Promise<string> {
  const port = await freePort();
  const server = spawn(path.join(storageFolder, 'bin', program), args(port), { stdio: 'ignore' });
  servers.push(server);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 300; tries += 1) {
    if (await fetch(url).then(() => true, () => false)) return url; // prettier-ignore
    await wait(100);
  }
  throw new Error(`${program} did not start; it ended with ${server.exitCode}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function contentOf(scan: ImageScan) {
  const rows = scan.files.map(async (file) => [pathWithin(scan, file.path), file.label, (await readImageBytes(file)).toString('hex')]); // prettier-ignore
  return { classNames: scan.classNames, problems: scan.problems, rows: await Promise.all(rows) };
}

describe.skipIf(!hasStorage())('shards in a store', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    ({ packed } = await packDigits(folder, { shardMebibytes: 0.003 }));
    const [s3Url, gsUrl] = await Promise.all([
      start('moto_server', (port) => ['-H', '127.0.0.1', '-p', String(port)]),
      start('gcp-storage-emulator', (port) => ['start', '--host=127.0.0.1', `--port=${port}`, '--in-memory', '--default-bucket=photos']), // prettier-ignore
    ]);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: s3Url,
      AWS_ACCESS_KEY_ID: 'somebody',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_DEFAULT_REGION: 'us-east-1',
      STORAGE_EMULATOR_HOST: gsUrl,
      SIGNET_CACHE: folder,
      SIGNET_SHARD_CACHE: '0',
    });
    const s3 = new S3Client({ region: 'us-east-1', forcePathStyle: true });
    const bucket = new Storage().bucket('photos');
    await s3.send(new CreateBucketCommand({ Bucket: 'photos' }));
    for (const name of readdirSync(packed)) {
      const Body = readFileSync(path.join(packed, name));
      for (const Key of [`set/${name}`, ...(name === 'shards.json' ? [] : [`bare/${name}`])]) {
        await s3.send(new PutObjectCommand({ Bucket: 'photos', Key, Body }));
        await bucket.file(Key).save(Body, { resumable: false });
      }
    }
  }, 180_000);

  it.each(['s3', 'gs'])(
    '%s:// gives what the folder gives, with the index, without it and by a pattern',
    async (scheme) => {
      const here = await contentOf(await scanPacked(packed));
      expect(await contentOf(await scanPacked(`${scheme}://photos/set`))).toEqual(here);
      const bytesOf = ({ rows }: typeof here) => rows.map(([, label, bytes]) => [label, bytes]).sort();
      for (const location of ['bare', 'bare/', 'bare/shard-*', 'bare/shard-0000?-of-*.tfrecord']) {
        expect(bytesOf(await contentOf(await scanPacked(`${scheme}://photos/${location}`)))).toEqual(bytesOf(here));
      }
      const message = async (location: string) => messageOf(scanPacked(location));
      expect(await message(`${scheme}://photos/nothing`)).toContain('it has no TFRecord files or tar archives');
      expect(await message(`${scheme}://photos/bare/shard-1.tfrecord`)).toBe(`The shard ${scheme}://photos/bare/shard-1.tfrecord does not exist.`); // prettier-ignore
      expect(await message(`${scheme}://nobodys/set`)).toMatch(new RegExp(`^${scheme}://nobodys/set.* cannot be `));
    },
  );

  it('a list names images in a store', async () => {
    const scan = await scanPacked('s3://photos/set');
    const list = path.join(folder, 'list.jsonl');
    await writeFile(list, listText({ ...scan, files: scan.files.slice(0, 3) }));
    const listed = await scanImageList(list);
    expect(listed.problems).toEqual([]);
    expect(await Promise.all(listed.files.map((file) => readImageBytes(file)))).toEqual(await Promise.all(scan.files.slice(0, 3).map((file) => readImageBytes(file)))); // prettier-ignore
  });

  it('a worker in Python reads the same ranges', async () => {
    const places = (await Promise.all(['s3://photos/set', 'gs://photos/set'].map((location) => scanPacked(location)))).flatMap(({ files }) => files); // prettier-ignore
    const script = `
import json, sys
sys.path.insert(0, "deploy/distributed")
from image_files import read_place
print(json.dumps([read_place(place).hex() for place in json.load(sys.stdin)]))`;
    const asked = places.map(({ inShard, sizeBytes }) => [inShard?.shard, inShard?.offset, sizeBytes, inShard?.crc]);
    const read = await runPython(script, asked, path.join(storageFolder, 'bin', 'python'));
    const bytes = await Promise.all(places.map((file) => readImageBytes(file)));
    expect(read).toEqual(bytes.map((each) => each.toString('hex')));
  });
});
