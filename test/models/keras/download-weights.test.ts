import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { downloadWeights, type DownloadWeightsOptions } from '../../../src/models/keras/download-weights.js';
import type { PublishedWeights } from '../../../src/models/keras/published-weights.js';
import { answer, cutAfter, type Misbehave, serveFile } from '../../helpers/servers/file-server.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) % 251));
const md5 = createHash('md5').update(content).digest('hex');
const weights = { path: 'resnet/x.h5', md5 };
const quick = { pauseSeconds: 0.01 };

async function set(misbehave?: Misbehave, current = () => content) {
  const server = await serveFile(current, misbehave);
  const folder = path.join(await temporaryFolder(), 'weights');
  const options = { baseUrl: server.url, folder, ...quick };
  const download = (more: DownloadWeightsOptions = {}, of: PublishedWeights = weights) =>
    downloadWeights(of, { ...options, ...more });
  return { ...server, folder, file: path.join(folder, 'x.h5'), download };
}

describe('downloadWeights', () => {
  it('downloads into the cache, once, and tells how far it is', async () => {
    const { download, file, folder, requests } = await set();
    const progress: (number | null)[][] = [];
    const onProgress = (at: { receivedBytes: number; totalBytes: number | null }) =>
      progress.push([at.receivedBytes, at.totalBytes]);
    expect(await download({ onProgress })).toBe(file);
    expect(await readFile(file)).toEqual(content);
    expect([progress[0], progress.at(-1)]).toEqual([
      [0, 300_000],
      [300_000, 300_000],
    ]);
    expect(await download()).toBe(file);
    expect(requests).toEqual(['/resnet/x.h5']);
    expect((await readdir(folder)).toSorted()).toEqual(['x.h5', 'x.h5.sha256']);
  });

  it('goes on where the connection broke', async () => {
    const { download, file, requests } = await set((_, response, n) => n === 0 && cutAfter(100_000, response, content));
    await download();
    expect(await readFile(file)).toEqual(content);
    expect(requests).toEqual(['/resnet/x.h5', '/resnet/x.h5 bytes=100000-']);
  });

  it('goes on where an earlier run was stopped', async () => {
    const stop = new AbortController();
    const { download, file, requests } = await set((_, response, n) => {
      if (n > 0) return false;
      response.writeHead(200, { etag: '"300000-0"', 'content-length': content.length });
      return response.write(content.subarray(0, 50_000)) || true;
    });
    const onProgress = ({ receivedBytes }: { receivedBytes: number }) => {
      if (receivedBytes === 50_000) stop.abort(new Error('stopped'));
    };
    await expect(download({ signal: stop.signal, onProgress })).rejects.toThrow('stopped');
    await download();
    expect(await readFile(file)).toEqual(content);
    expect(requests[1]).toBe('/resnet/x.h5 bytes=50000-');
  });

  it('starts over when the file on the server is another one by now', async () => {
    let current = Buffer.alloc(250_000, 9);
    const { download, file, requests } = await set(
      (_, response, n) => n === 0 && cutAfter(100_000, response, current),
      () => current,
    );
    const swap = ({ receivedBytes }: { receivedBytes: number }) => {
      if (receivedBytes > 0) current = content;
    };
    await download({ onProgress: swap });
    expect(await readFile(file)).toEqual(content);
    expect(requests).toEqual(['/resnet/x.h5', '/resnet/x.h5 bytes=100000-']);
  });

  it('takes the whole file from a server that knows no ranges', async () => {
    const { download, file } = await set((_, response, n) => {
      if (n === 0) return cutAfter(100_000, response, content);
      response.writeHead(200, { 'content-length': content.length }).end(content);
      return true;
    });
    await download();
    expect(await readFile(file)).toEqual(content);
  });

  it('starts over when a server sends another part than it was asked for', async () => {
    const { download, file, requests } = await set((_, response, n) => {
      if (n === 0) return cutAfter(100_000, response, content);
      if (n > 1) return false;
      response.writeHead(206, { etag: '"300000-0"', 'content-range': 'bytes 5-299999/300000' }).end('x');
      return true;
    });
    await download();
    expect(await readFile(file)).toEqual(content);
    expect(requests).toEqual(['/resnet/x.h5', '/resnet/x.h5 bytes=100000-', '/resnet/x.h5']);
  });

  it('needs no further byte when a run was killed after the last one', async () => {
    const { download, file, folder, url, requests } = await set();
    await mkdir(folder);
    await writeFile(`${file}.part`, content);
    await writeFile(`${file}.part.json`, JSON.stringify({ address: `${url}resnet/x.h5`, validator: '"300000-0"' }));
    await download();
    expect(requests).toEqual(['/resnet/x.h5 bytes=300000-']);
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('starts over, once, when the joined parts are not the published file', async () => {
    const { download, file, folder, url, requests } = await set();
    await mkdir(folder);
    await writeFile(`${file}.part`, Buffer.alloc(1000, 7));
    await writeFile(`${file}.part.json`, JSON.stringify({ address: `${url}resnet/x.h5`, validator: '"300000-0"' }));
    await download();
    expect(await readFile(file)).toEqual(content);
    expect(requests).toEqual(['/resnet/x.h5 bytes=1000-', '/resnet/x.h5']);
  });

  it('refuses another file than the published one, and keeps none of it', async () => {
    const wrong = Buffer.from(content);
    wrong[299_999] = 7;
    const { download, folder, file, url } = await set(undefined, () => wrong);
    const received = createHash('md5').update(wrong).digest('hex');
    await expect(download()).rejects.toMatchObject({
      code: 'INVALID_WEIGHTS',
      message:
        `${url}resnet/x.h5 is not the published file. Expected MD5: ${md5}. Received: ${received}.\n` +
        'Run this again, or get the file by hand:\n' +
        `  download ${url}resnet/x.h5\n  put it at ${file}\nor give a weight file of your own instead of a name.`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps the SHA-256 of the first download, and notices when the file is another one later', async () => {
    const { download, file } = await set();
    await download({}, { path: 'resnet/x.h5' });
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await readFile(`${file}.sha256`, 'utf8')).toBe(`${sha256}  x.h5\n`);
    await writeFile(file, content.subarray(1));
    await expect(download()).rejects.toMatchObject({
      code: 'INVALID_WEIGHTS',
      message: expect.stringMatching(`Expected SHA-256: ${sha256}. Received: [^]*\nDelete ${file} and run this again`) as string,
    }); // prettier-ignore
  });

  it('takes a file that was put into the cache by hand, if it is the published one', async () => {
    const { download, file, folder, requests } = await set();
    await mkdir(folder);
    await writeFile(file, content);
    expect(await download()).toBe(file);
    expect(existsSync(`${file}.sha256`)).toBe(true);
    await writeFile(path.join(folder, 'y.h5'), 'something else');
    await expect(download({}, { path: 'resnet/y.h5', md5 })).rejects.toThrow(`Expected MD5: ${md5}`);
    expect(requests).toEqual([]);
  });

  it('takes another file for what it is, by the SHA-256 that is known of it', async () => {
    const { download, folder } = await set();
    const other = { path: 'mobilenet_v2/z.h5', sha256: '0'.repeat(64) };
    await expect(download({}, other)).rejects.toThrow(`Expected SHA-256: ${'0'.repeat(64)}. Received: `);
    expect(await readdir(folder)).toEqual([]);
    const own = { ...other, sha256: createHash('sha256').update(content).digest('hex') };
    await download({}, own);
    // What lies next to the file does not count against it.
    await writeFile(path.join(folder, 'z.h5.sha256'), `${'0'.repeat(64)}  z.h5\n`);
    expect(await download({}, own)).toBe(path.join(folder, 'z.h5'));
  });

  it('is pinned before the first download by who knows the SHA-256', async () => {
    const { download, file, folder } = await set();
    await mkdir(folder);
    await writeFile(`${file}.sha256`, `${'1'.repeat(64)}  x.h5\n`);
    await expect(download({}, { path: 'resnet/x.h5' })).rejects.toThrow(`Expected SHA-256: ${'1'.repeat(64)}`);
    expect(existsSync(file)).toBe(false);
  });

  it('downloads once when two want the same file', async () => {
    const { download, requests } = await set((request, response) => {
      setTimeout(() => answer(request, response, content), 300);
      return true;
    });
    let waited = 0;
    const both = await Promise.all([0, 1].map(() => download({ onWait: () => (waited += 1) })));
    expect(both[0]).toBe(both[1]);
    expect([requests.length, waited]).toEqual([1, 1]);
  });

  it('follows a redirect', async () => {
    const { download, file, requests } = await set((_, response, n) => {
      if (n === 0) response.writeHead(302, { location: '/elsewhere' }).end();
      return n === 0;
    });
    await download();
    expect(await readFile(file)).toEqual(content);
    expect(requests).toEqual(['/resnet/x.h5', '/elsewhere']);
  });

  it.each<[string, Misbehave, DownloadWeightsOptions, RegExp]>([
    ['a file that is not there', (_, response) => Boolean(response.writeHead(404).end()), {}, /127\.0\.0\.1:\d+ answers 404 Not Found\.\n/],
    ['a server that is busy for good', (_, response) => Boolean(response.writeHead(503).end()), {}, /answers 503 Service Unavailable\./],
    ['a redirect to itself', (request, response) => Boolean(response.writeHead(301, { location: request.url }).end()), {}, /redirects more than 5 times\./],
    ['a redirect to a file', (_, response) => Boolean(response.writeHead(301, { location: 'file:///etc/passwd' }).end()), {}, /redirects to file:\/\/\/etc\/passwd, where/],
    ['a redirect to another machine without TLS', (_, response) => Boolean(response.writeHead(302, { location: 'http://192.0.2.1/x' }).end()), {}, /redirects to http:\/\/192\.0\.2\.1\/x, where/],
    ['a redirect to nowhere', (_, response) => Boolean(response.writeHead(301).end()), {}, /redirects to nowhere, where/],
    ['a file that says it is too large', () => false, { mostBytes: 299_999 }, /sends more than 0\.3 MB/],
    ['a file that does not say it is too large', (_, response) => response.write(content) || Boolean(response.end()), { mostBytes: 299_999 }, /sends more than 0\.3 MB/],
  ])('refuses %s', async (_, misbehave, options, message) => {
    const { download, folder } = await set(misbehave);
    await expect(download(options)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(message) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  }); // prettier-ignore

  it('gives up after three tries at a server that always breaks off, and keeps what it has', async () => {
    const { download, file, requests } = await set((_, response) => cutAfter(1000, response, content));
    await expect(download()).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringMatching(/The connection to [\d.:]+ broke \(\w+\)\.\nRun this again; it continues where/) as string,
    }); // prettier-ignore
    expect((await readFile(`${file}.part`)).length).toBe(1000);
    expect(requests.length).toBeGreaterThan(2);
  });

  it('gives up at a server that falls silent', async () => {
    const { download } = await set((_, response) => response.write('x') || true);
    await expect(download({ idleSeconds: 0.1 })).rejects.toThrow(/sent nothing for 0\.1 s\./);
  });

  it('says how to get the file by hand when the server cannot be reached', async () => {
    const folder = path.join(await temporaryFolder(), 'weights');
    const baseUrl = 'https://nowhere.invalid';
    await expect(downloadWeights(weights, { baseUrl, folder, ...quick })).rejects.toMatchObject({
      code: 'OFFLINE',
      message: expect.stringMatching(
        /^https:\/\/nowhere\.invalid\/resnet\/x\.h5 cannot be downloaded: nowhere\.invalid cannot be reached \(E\w+\)\.\n[^]*put it at \//,
      ) as string,
    });
  });

  // Linux's device for what a full disk answers.
  it.skipIf(!existsSync('/dev/full'))('says that the disk is full', async () => {
    const { download, file, folder } = await set();
    await mkdir(folder);
    await symlink('/dev/full', `${file}.part`);
    await expect(download()).rejects.toMatchObject({
      code: 'CANNOT_WRITE',
      message:
        `Cannot write ${folder}: the disk is full. Free some space there, or set SIGNET_CACHE to another folder. ` +
        'Then run this again; it continues where it stopped.',
    });
  });

  it('says that a file is where the cache should be', async () => {
    const { download, folder } = await set();
    await writeFile(folder, '');
    await expect(download()).rejects.toMatchObject({ code: 'CANNOT_WRITE' });
  });

  it.each([
    ...['ftp://x/', 'nonsense', 'https://me:secret@x/', 'http://x/', 'http://127.evil.example/', 'http://192.0.2.1/'],
    ...['http://[::ffff:192.0.2.1]/', 'http://localhost.evil.example/', 'http://0.0.0.0/'],
  ])('does not download from %s', async (baseUrl) => {
    const { download } = await set();
    await expect(download({ baseUrl })).rejects.toThrow(
      'SIGNET_WEIGHTS_URL is an address of https, or of http on this machine alone, without a password. Received: ',
    );
  });
});
