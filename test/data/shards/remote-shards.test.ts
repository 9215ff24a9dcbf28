import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import path from 'node:path';

import { beforeEach, expect, it, vi } from 'vitest';

import { readImageBytes } from '../../../src/data/image-file/read-image-bytes.js';
import { tryToReadImageFile } from '../../../src/data/image-file/try-to-read-image-file.js';
import { scanImageList } from '../../../src/data/list/scan-image-list.js';
import { listText } from '../../../src/data/list/list-text.js';
import { loadOptional } from '../../../src/files/load-optional.js';
import { isWeb, joinLocation, splitLocation, withoutQuery } from '../../../src/data/remote/location.js';
import { type ImageScan, pathWithin } from '../../../src/data/scan/image-scan.js';
import { expandPattern } from '../../../src/data/shards/expand-pattern.js';
import { type Instead, serveFolder } from '../../helpers/servers/folder-server.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { messageOf, packDigits, scanPacked } from './packed-samples.js';

let cache: string;

beforeEach(async () => {
  cache = await temporaryFolder();
  vi.stubEnv('SIGNET_CACHE', cache);
  // What is tried again is tried at once.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  return () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  };
});

/** Ten packed digits in several shards, and a server of them. */
async function packedDigits({ instead, ...options }: { instead?: Instead; container?: 'webdataset' } = {}) {
  const folder = await temporaryFolder();
  const { packed } = await packDigits(folder, { shardMebibytes: 0.003, ...options });
  const server = await serveFolder(packed, instead);
  return { packed, server, shards: readdirSync(packed).filter((name) => name.startsWith('shard-')) };
}

/** Names, labels and bytes of all images. */
async function contentOf(scan: ImageScan) {
  const rows = scan.files.map(async (file) => [pathWithin(scan, file.path), file.label, file.width, (await readImageBytes(file)).toString('hex')]); // prettier-ignore
  return { classNames: scan.classNames, problems: scan.problems, rows: await Promise.all(rows) };
}

it.each(['tfrecord', 'webdataset'] as const)('%s shards at a web server are those of the folder', async (container) => {
  const { packed, server } = await packedDigits(container === 'webdataset' ? { container } : {});
  const here = await contentOf(await scanPacked(packed));
  expect(await contentOf(await scanPacked(server.url))).toEqual(here);
  expect(here.rows).toHaveLength(10);
});

it('a shard that was read is on this machine: its images are not asked for again', async () => {
  const { server, shards, packed } = await packedDigits();
  const scan = await scanPacked(server.url);
  const before = server.requests.length;
  await contentOf(scan);
  expect(server.requests).toHaveLength(before);
  expect(readdirSync(path.join(cache, 'shards'))).toHaveLength(shards.length);
  // A later run asks whether they are still the same, and reads the copies.
  await scanPacked(server.url);
  const asked = server.requests.slice(before).filter((request) => request.includes('shard-'));
  expect(new Set(asked.map((request) => request.replace(/.* /, '')))).toEqual(new Set(['bytes=0-0']));
  // Once when they are found, once when they are read.
  expect(asked).toHaveLength(2 * shards.length);
  // Another content has another copy.
  const [file = ''] = shards;
  writeFileSync(path.join(packed, file), Buffer.concat([readFileSync(path.join(packed, file)), Buffer.from('more')]));
  await expect(scanPacked(server.url)).rejects.toThrow(
    `${file} has ${statSync(path.join(packed, file)).size} bytes. Expected: `,
  );
});

it('without a cache every image is a range of its shard', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  const { server, packed } = await packedDigits();
  const scan = await scanPacked(server.url);
  const before = server.requests.length;
  expect(await contentOf(scan)).toEqual(await contentOf(await scanPacked(packed)));
  expect(server.requests).toHaveLength(before + 10);
  expect(readdirSync(path.join(cache))).toEqual(['shards']);
  expect(readdirSync(path.join(cache, 'shards'))).toEqual([]);
});

it('says what is wrong with the size of the cache', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '10 GB');
  const { server } = await packedDigits();
  await expect(scanPacked(server.url)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SignetError: SIGNET_SHARD_CACHE is the size in MiB of the cache for remote shards. Expected: a whole number from 0. Received: 10 GB.]`,
  );
});

it('a server that fails at every third request, or breaks off, loses nothing', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  const instead: Instead = (_, response, n) => {
    if (n % 3 !== 2) return false;
    if (n % 2 === 1) response.end = cutEnd as typeof response.end;
    else response.writeHead(503).end();
    return n % 2 === 0;
  };
  const { server, packed } = await packedDigits({ instead });
  expect(await contentOf(await scanPacked(server.url))).toEqual(await contentOf(await scanPacked(packed)));
});

/** In place of a response's `end`: it sends a half and breaks off. */
function cutEnd(this: ServerResponse, bytes: Buffer = Buffer.alloc(0)): void {
  this.write(bytes.subarray(0, bytes.length / 2), () => this.destroy());
}

it('an expired token is one message with the shard and the place, and no image is to blame', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  let isExpired = false;
  const instead: Instead = ({ headers }, response) => {
    if (!isExpired && headers.authorization === 'Bearer secret') return false;
    response.writeHead(401).end();
    return true;
  };
  const { server } = await packedDigits({ instead });
  await expect(scanPacked(server.url)).rejects.toThrow(
    'shards.json cannot be read: the server answers 401 Unauthorized.',
  );
  vi.stubEnv('SIGNET_HTTPS_TOKENS', `other.example=no, ${new URL(server.url).host}=secret`);
  const scan = await scanPacked(server.url);
  isExpired = true;
  const [file] = scan.files.filter(({ inShard }) => inShard?.shard.includes('shard-00001'));
  if (!file) throw new Error('no image in the second shard');
  const message = await tryToReadImageFile(file).catch((error: unknown) => String(error).replace(server.url, 'URL/'));
  expect(message).toBe(
    `SignetError: URL/${path.basename(file.inShard?.shard ?? '')} cannot be read at byte ${file.inShard?.offset}: the server answers 401 Unauthorized. ` +
      'Check the address, or SIGNET_HTTPS_TOKENS (HOST=TOKEN), which may be missing or expired, and run the command again.',
  );
});

function answering(status: number, body: string, headers: OutgoingHttpHeaders = {}): Instead {
  return (_, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
}

it('a shard that changes while it is used, a server without ranges and one that answers more are refused', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  const wrong = new Map<string, Instead>([
    ['it has changed since it was scanned', answering(206, '0123456789', { 'content-range': 'bytes 0-9/99' })],
    ['the server does not answer range requests', answering(200, 'all of it')],
    ['the server answers 403 Forbidden', answering(403, '')],
  ]);
  let current: Instead = () => false;
  const { server } = await packedDigits({ instead: (...given) => current(...given) });
  const scan = await scanPacked(server.url);
  for (const [words, instead] of wrong) {
    current = instead;
    await expect(contentOf(scan)).rejects.toThrow(words);
  }
});

it('a pattern of numbers names shards where folders cannot be listed', async () => {
  const { server, packed, shards } = await packedDigits();
  const [first = ''] = shards;
  const numbers = first.replace('00000-of', `{00000..0000${shards.length - 1}}-of`);
  const scan = await scanPacked(server.url + numbers);
  expect((await contentOf(scan)).rows.map(([, label]) => label).sort()).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  expect(scan.directory).toBe(server.url);
  writeFileSync(path.join(packed, 'shards.json'), '');
  const words = async (location: string) => (await messageOf(scanPacked(location))).replace(server.url, 'URL/');
  expect(await words(server.url)).toMatchInlineSnapshot(
    `"URL/shards.json is not the index of a packed data set: it is empty."`,
  );
  expect(await words(`${server.url}elsewhere`)).toMatchInlineSnapshot(
    `"The data set URL/elsewhere cannot be used: it has no shards.json, and folders at https:// cannot be listed. Give one shard, or a range of numbers such as train-{00000..00099}.tar."`,
  );
  expect(await words(`${server.url}shard-*.tfrecord`)).toMatchInlineSnapshot(
    `"The data set URL/shard-*.tfrecord cannot be used: it has no shards.json, and folders at https:// cannot be listed. Give one shard, or a range of numbers such as train-{00000..00099}.tar."`,
  );
  expect(await words(`${server.url}shard-{a..b}.tfrecord`)).toMatchInlineSnapshot(
    `"The data set URL/shard-{a..b}.tfrecord cannot be used: its braces must contain a range of numbers such as {00000..00099}, of at most 100000 shards."`,
  );
  expect(await words('http://data.example.org/a.tar')).toMatchInlineSnapshot(
    `"http://data.example.org/a.tar cannot be read safely: over http://, others on the network could change the images. Use https://."`,
  );
  expect(await words('s3:///a.tar')).toMatchInlineSnapshot(
    `"s3:///a.tar does not name a bucket. Expected: s3://BUCKET/FOLDER."`,
  );
});

it('the least recently used copies make room, and none that is in use', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '1');
  const { packed, server } = await packedDigits();
  // Bytes behind the end of a tar archive are not read, and have a size.
  const filled = (n: number) =>
    Buffer.concat([readFileSync(path.join(tar.packed, tar.shards[0] ?? '')), Buffer.alloc(300_000, n)]);
  const tar = await packedDigits({ container: 'webdataset' });
  for (const n of [1, 2, 3, 4, 5]) writeFileSync(path.join(packed, `${n}.tar`), filled(n));
  for (const n of [1, 2, 3, 4, 5]) await scanPacked(`${server.url}${n}.tar`);
  // The first three are in use by this process; the others are read from the server, now and at every later start.
  const copies = readdirSync(path.join(cache, 'shards')).map((copy) => readFileSync(path.join(cache, 'shards', copy)));
  expect(copies.map((copy) => copy.at(-1)).toSorted()).toEqual([1, 2, 3]);
  for (const copy of copies) expect(copy).toHaveLength(filled(1).length);
});

it('a new signature in the query finds the same copies, and what has no version is not copied', async () => {
  let hasVersion = true;
  const instead: Instead = (_, response) => {
    const writeHead = response.writeHead.bind(response) as (
      status: number,
      headers?: OutgoingHttpHeaders,
    ) => ServerResponse;
    const withoutTag = (status: number, headers: OutgoingHttpHeaders = {}) =>
      writeHead(status, Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'etag')));
    if (!hasVersion) response.writeHead = withoutTag as typeof response.writeHead;
    return false;
  };
  const { server, shards } = await packedDigits({ instead });
  const copies = () => readdirSync(cache, { recursive: true }).filter((name) => String(name).endsWith('.shard')).length;
  hasVersion = false;
  expect((await scanPacked(server.url)).files).toHaveLength(10);
  expect(copies()).toBe(0);
  hasVersion = true;
  for (const n of [1, 2]) await scanPacked(`${server.url}?signature=${n}`);
  expect(copies()).toBe(shards.length);
});

it('messages hold no signature, password or token', async () => {
  const { server, shards } = await packedDigits();
  const [shard = ''] = shards;
  const words = async (location: string) => (await messageOf(scanPacked(location))).replaceAll(new URL(server.url).host, 'HOST'); // prettier-ignore
  expect(await words(`${server.url}gone.tar?signature=secret`)).toBe('The shard http://HOST/gone.tar does not exist.');
  expect(await words(`http://me:secret@${new URL(server.url).host}/a.tar`)).toMatchInlineSnapshot(
    `"The address of http://HOST/a.tar contains a user name or a password, which are not supported. Give a bearer token in SIGNET_HTTPS_TOKENS (HOST=TOKEN)."`,
  );
  const set = await messageOf(scanPacked(`${server.url}${shard}?signature=secret`, { subsets: [] }));
  expect(set).not.toContain('secret');
  vi.stubEnv('SIGNET_HTTPS_TOKENS', `${new URL(server.url).host}=sec\u0001ret`);
  expect(await words(server.url)).toMatchInlineSnapshot(
    `"http://HOST/shards.json cannot be read: the token for HOST has characters that a header cannot have. Check the address, or SIGNET_HTTPS_TOKENS (HOST=TOKEN), which may be missing or expired, and run the command again."`,
  );
});

it('a redirect that is not followed and a wrong range are not reported as broken images', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  let current: Instead = () => false;
  const { server, packed } = await packedDigits({ instead: (...given) => current(...given) });
  const scan = await scanPacked(server.url);
  const file = scan.files.find(({ inShard }) => (inShard?.offset ?? 0) > 0);
  if (!file) throw new Error('no image behind another');
  const message = async () => {
    const answer = await messageOf(tryToReadImageFile(file));
    return answer.replace(/.*tfrecord cannot be read at byte \d+: /, '').replace(new URL(server.url).host, 'HOST');
  };
  current = answering(302, '', { location: 'http://me:secret@login.example.org/in?token=secret' });
  expect(await message()).toMatchInlineSnapshot(
    `"HOST redirects to http://login.example.org/in, where a download does not follow. Check the location, and run the command again."`,
  );
  current = ({ headers }, response) => {
    const [, from = 0, to = 0] = /(\d+)-(\d+)/.exec(headers.range ?? '')?.map(Number) ?? [];
    const { size, mtimeMs } = statSync(path.join(packed, new URL(file.inShard?.shard ?? '').pathname));
    const etag = `"${size}-${mtimeMs}"`;
    response.writeHead(206, { etag, 'content-range': `bytes 0-${to - from}/${size}` }).end(Buffer.alloc(to - from + 1));
    return true;
  };
  expect((await message()).replaceAll(/\d+/g, 'N')).toMatchInlineSnapshot(
    `"the server answers with bytes N-N/N instead of bytes N-N/N. Check the location, and run the command again."`,
  );
});

it('a package that is installed but does not load gives its own error', async () => {
  const broken = new Error('its addon is for another processor');
  await expect(
    loadOptional('Data at s3:// is read by a-package', ['a-package'], () => Promise.reject(broken)),
  ).rejects.toBe(broken);
  const absent = Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' });
  await expect(
    loadOptional('Data at s3:// is read by a-package', ['a-package'], () => Promise.reject(absent)),
  ).rejects.toThrow('Data at s3:// is read by a-package, which is not installed. Run "npm install a-package".');
});

it('a list may name shards elsewhere, but no service of this machine', async () => {
  const { server } = await packedDigits();
  const file = path.join(await temporaryFolder(), 'list.jsonl');
  writeFileSync(file, listText(await scanPacked(server.url)));
  await expect(scanImageList(file)).rejects.toThrow('Expected: the path of a file here');
  expect(readFileSync(file, 'utf8')).toContain(`"shards":"${server.url}"`);
});

it("Amazon's client: an expired token is reported at once, a busy server is asked again", async () => {
  const { packed } = await packedDigits();
  let isExpired = false;
  const instead: Instead = (_, response, n) => {
    const [status, code] = isExpired ? [400, 'ExpiredToken'] : [503, 'SlowDown'];
    if (!isExpired && n % 3 !== 0) return false;
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0"?><Error><Code>${code}</Code><Message>The provided token has expired.</Message></Error>`,
    );
    return true;
  };
  // It answers as S3 does where only objects are read: a bucket is a folder.
  const { url } = await serveFolder(path.dirname(packed), instead);
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'somebody');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  const scan = await scanPacked('s3://packed');
  expect(await contentOf(scan)).toEqual(await contentOf(await scanPacked(packed)));
  isExpired = true;
  await expect(contentOf(scan)).rejects.toThrow(
    /^s3:..packed.shard-\S+ cannot be read at byte \d+: the server answers 400 \(ExpiredToken: The provided token has expired\.\)\. Check the credentials of the AWS SDK/,
  );
});

it('names of locations', () => {
  expect([isWeb('https://host/a'), isWeb('httpd-logs?/a'), withoutQuery('httpd-logs?/a')]).toEqual([true, false, 'httpd-logs?/a']); // prettier-ignore
  expect(withoutQuery('https://me:secret@host/a@b?key=1')).toBe('https://host/a@b');
  expect(joinLocation('s3://bucket/folder', 'a.tar')).toBe('s3://bucket/folder/a.tar');
  expect(joinLocation('gs://bucket/', 'a/b')).toBe('gs://bucket/a/b');
  expect(joinLocation('https://host/folder?key=1', 'a.tar')).toBe('https://host/folder/a.tar?key=1');
  expect(joinLocation('a/../b', 'c')).toBe('b/c');
  expect(splitLocation('https://host/folder/a.tar?key=/1')).toEqual({ folder: 'https://host/folder/?key=/1', name: 'a.tar' }); // prettier-ignore
  expect(splitLocation('s3://bucket/a-?.tar')).toEqual({ folder: 's3://bucket/', name: 'a-?.tar' });
  expect(expandPattern('a-{08..11}.tar', 10)).toEqual(['a-08.tar', 'a-09.tar', 'a-10.tar', 'a-11.tar']);
  expect(expandPattern('{0..1}-{1..2}', 4)).toEqual(['0-1', '0-2', '1-1', '1-2']);
  expect([expandPattern('{0..1}-{1..2}', 3), expandPattern('{2..1}', 9), expandPattern('{a}', 9)]).toEqual([null, null, null]); // prettier-ignore
});
