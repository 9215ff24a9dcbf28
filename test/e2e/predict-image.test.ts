import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { PredictImageResult } from '../../src/commands/predict-image/run.js';
import type { LocalModelServer } from '../helpers/servers/local-model-server.js';
import { runCommandLine, toArguments } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { loadLenet } from '../helpers/servers/load-lenet.js';
import { type ServedModelServer, serveModelServer } from '../helpers/servers/serve-model-server.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const digit = path.resolve('data/digits/test/7/0043.png');
const classNames = Array.from('0123456789');

let folder: string;
let directory: string;
let models: LocalModelServer;
let server: ServedModelServer;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  ({ directory, models } = await loadLenet(folder, classNames));
  server = await serveModelServer(models);
});
afterAll(async () => {
  await server.end();
  models.dispose();
});

const onServer = () => ({ 'model-name': 'digits', 'grpc-port': server.grpcPort, 'rest-port': server.restPort });

describe('predict-image', () => {
  it('gives the same labels over both protocols and without a server', async () => {
    const webp = path.join(folder, 'seven.webp');
    await sharp(await readFile(digit))
      .webp({ lossless: true })
      .toFile(webp);
    const results: PredictImageResult[] = [];
    for (const flags of [onServer(), { ...onServer(), f: 'REST' }, { 'model-path': directory }]) {
      const args = toArguments({ ...flags, 'top-k': 10, json: true }).map((word) => (word === '--f' ? '-f' : word));
      // One as a user starts it; the others in this process.
      const run = results.length === 0 ? runCommandLine : runInProcess;
      const { code, stdout, stderr } = await run('predict-image', [digit, webp, ...args]);
      expect([code, stderr]).toEqual([0, '']);
      results.push(JSON.parse(stdout) as PredictImageResult);
    }
    const [grpc, rest, disk] = results;
    expect(grpc).toMatchObject({ model: 'digits', modelVersion: 4 });
    expect(rest).toEqual(grpc);
    expect(disk).toEqual({ ...grpc, model: directory, modelVersion: null });
    const [first, second] = grpc?.images ?? [];
    expect(first).toMatchObject({ file: digit });
    expect(second).toEqual({ ...first, file: webp });
    const labels = first && 'labels' in first ? first.labels : [];
    expect(labels.map(({ name }) => name).sort()).toEqual(classNames);
    expect(labels.every(({ name, index }) => name === String(index))).toBe(true);
  });

  it('tells of each file that it cannot classify, and classifies the others', async () => {
    // Its header is that of a PNG; only decoding finds the damage.
    const damaged = path.join(folder, 'damaged.png');
    const content = await readFile(digit);
    content.fill(0xff, 60, content.length - 20);
    await writeFile(damaged, content);
    for (const flags of [onServer(), { 'model-path': directory }]) {
      const files = ['README.md', damaged, digit, 'no-such.png'];
      const { code, stdout, stderr } = await runInProcess('predict-image', [
        ...files,
        ...toArguments({ ...flags, 'top-k': 2 }),
      ]);
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`^${digit}\n  \\d  0\\.\\d{4}\n  \\d  0\\.\\d{4}\n$`));
      expect(stderr).toContain('README.md is text\n');
      expect(stderr).toContain(`${damaged} `);
      expect(stderr).toContain('no-such.png cannot be read: no such file or directory\n');
      expect(stderr).not.toContain('    at ');
    }
  });

  it.each([
    [[], 2, 'Give FILES.'],
    [['x.png'], 2, 'Give --model-name for a model on a server, or --model-path for one on disk. Received: neither.'],
    [['x.png', '--model-name', 'a', '--model-path', 'b'], 2, 'Received: both.'],
    [['x.png', '--model-name', 'a', '--top-k', '0'], 2, '--top-k is a whole number from 1 to 1000000. Received: 0.'],
    [['x.png', '--model-name', 'a', '--rest-port', '0'], 2, '--rest-port is a whole number from 1 to 65535.'],
    [['x.png', '--model-name', 'a', '-f', 'SOAP'], 2, 'Choices: "GRPC", "REST"'],
    [['x.png', '--model-name', 'a', '--tls-ca', 'no/such'], 2, '--tls-ca: no/such cannot be read'],
    [['x.png', '--model-path', 'docs'], 1, 'docs is not a SavedModel'],
  ])('%j', async (args, code, message) => {
    const result = await runInProcess('predict-image', args);
    expect(result.stderr).toContain(message);
    expect([result.code, result.stdout]).toEqual([code, '']);
  });
});
