import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { EvalServedModelResult } from '../../src/commands/eval-served-model/run.js';
import { loadLenet } from '../helpers/servers/load-lenet.js';
import type { LocalModelServer } from '../helpers/servers/local-model-server.js';
import type { ModelServer } from '../../src/serving/model-server.js';
import { modelServerWith } from '../helpers/servers/model-server-with.js';
import { runCommandLine, startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { type ServedModelServer, serveModelServer } from '../helpers/servers/serve-model-server.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { startServeModel } from '../helpers/servers/start-serve-model.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const classNames = ['0', '1', '2'];
let digits: SmallDigits;
let models: LocalModelServer;
let server: ServedModelServer;

beforeAll(async () => {
  const folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3 });
  ({ models } = await loadLenet(path.join(folder, 'models'), classNames));
  server = await serveModelServer(models);
});
afterAll(async () => {
  await server.end();
  models.dispose();
});

type Flags = Parameters<typeof toArguments>[0];

function argumentsFor(
  { grpcPort, restPort }: Pick<ServedModelServer, 'grpcPort' | 'restPort'>,
  more: Flags = {},
): string[] {
  const flags = { 'test-dataset-path': digits.test, 'model-name': 'digits' };
  return toArguments({ ...flags, 'grpc-port': grpcPort, 'rest-port': restPort, ...more });
}

const run = (more: Flags = {}) => runInProcess('eval-served-model', argumentsFor(server, more));

async function served(other: ModelServer): Promise<ServedModelServer> {
  const started = await serveModelServer(other);
  onTestFinished(async () => {
    await started.end();
  });
  return started;
}

describe('eval-served-model', () => {
  it('prints the four transports to a server of serve-model', async () => {
    const running = await startServeModel(['--model-folder', path.join(digits.test, '../models')]);
    const { code, stdout, stderr } = await runCommandLine('eval-served-model', argumentsFor(running));
    expect(await running.end()).toBe(0);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^\S+: 18 images, 3 classes\nevaluating: \d+\/72 images {2}\(\d+ images\/s\)\n/);
    expect(stdout).toContain('\nmodel    digits, version 4, at 127.0.0.1\n');
    expect(stdout).toMatch(/\ngRPC bytes .*\ngRPC numpy .*\nREST bytes .*\nREST numpy .*\n/);
    expect(stdout).toContain('\nevery image has the same class over all transports\n');
    expect(stdout).toContain('\nconfusion matrix: ');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('prints as JSON what eval-model finds too', async () => {
    const more = { json: true, concurrency: 3, 'batch-size': 2, 'input-width': 28, 'input-height': 28 } as const;
    const { code, stdout, stderr } = await run(more);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout) as EvalServedModelResult;
    expect(result).toMatchObject({
      modelName: 'digits',
      modelVersion: 4,
      classNames,
      classNamesTold: 'all',
      images: 18,
    });
    expect(Object.keys(result.transports)).toEqual(['grpcBytes', 'grpcNumpy', 'restBytes', 'restNumpy']);
    const bundled = await runInProcess('eval-model', [
      ...toArguments({
        'test-dataset-path': digits.test,
        'model-path': path.join(digits.test, '../models/digits/4'),
        json: true,
      }),
    ]);
    const { signatures } = JSON.parse(bundled.stdout) as { signatures: Record<string, { confusionMatrix: unknown }> };
    for (const transport of Object.values(result.transports)) {
      expect(transport).toHaveProperty('confusionMatrix', signatures.serving_bytes?.confusionMatrix);
    }
    expect(result.agreement.maxLogitDifference).toBeLessThan(1e-5);
  });

  it('asks one version to the end', async () => {
    const versions = new Set<number | undefined>();
    const other = await served(
      modelServerWith(models, {
        predict: (request) => {
          versions.add(request.spec.version);
          return models.predict(request);
        },
      }),
    );
    const { code, stderr } = await runInProcess('eval-served-model', argumentsFor(other));
    expect(code, stderr).toBe(0);
    expect([...versions]).toEqual([4]);
  });

  it('uses two transports if the server has no REST, says so, and fails unless that was wanted', async () => {
    const gone = await serveModelServer(models);
    await gone.end();
    const flags = { 'rest-port': gone.restPort };
    const { code, stdout } = await run(flags);
    expect(code).toBe(1);
    expect(stdout).toContain('\ngRPC numpy ');
    expect(stdout).toContain(
      `\nREST bytes, REST numpy left out: Asked for the metadata of model "digits" over REST at 127.0.0.1:${gone.restPort}.\n`,
    );
    const wanted = await run({ ...flags, protocol: 'GRPC', json: true });
    expect(wanted.code, wanted.stderr).toBe(0);
    expect(Object.keys((JSON.parse(wanted.stdout) as EvalServedModelResult).transports)).toEqual([
      'grpcBytes',
      'grpcNumpy',
    ]);
    const neither = await run({ ...flags, 'grpc-port': gone.grpcPort });
    expect([neither.code, neither.stdout]).toEqual([1, '']);
    expect(neither.stderr).toMatch(
      /^eval-served-model: The server answers neither over gRPC nor over REST\.\n\nAsked for [^]*gRPC[^]*\n\nAsked for [^]*REST/,
    );
  });

  it('ends with what was done at Ctrl-C', async () => {
    const warmUp = 16;
    let asked = 0;
    // The last request of the last transport is never answered.
    const other = await served(
      modelServerWith(models, {
        predict: async (request) => {
          asked += 1;
          if (asked >= 4 * (warmUp + 18))
            await new Promise((_, reject) => request.signal?.addEventListener('abort', reject));
          return models.predict(request);
        },
      }),
    );
    const { child, done, printed } = startCommandLine('eval-served-model', argumentsFor(other, { json: true }));
    await printed('evaluating: 65/72');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await done;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('stopping; what was done so far is reported (Ctrl-C again ends at once)\n');
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, images: 0, problems: [] });
  });

  it('refuses a test set of other classes', async () => {
    const { code, stdout, stderr } = await run({ 'test-dataset-path': 'data/digits/test' });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      'The classes of the test set data/digits/test are not those of the served model "digits".',
    );
    expect(stderr).toContain('Unexpected: "3", "4", "5", "6", "7", "8", "9".');
  });

  it.each([
    [{ concurrency: 0 }, '--concurrency is a whole number from 1 to 1024. Received: 0.'],
    [{ 'batch-size': 1.5 }, '--batch-size is a whole number from 1 to 65536. Received: 1.5.'],
    [{ 'input-width': 28 }, '--input-width needs --input-height, which is missing.'],
    [{ timeout: 0 }, '--timeout is a number from 0.001 to 86400. Received: 0.'],
    [{ 'model-version': 1, 'model-label': 'x' }, 'label is the name of a version, without a version.'],
  ])('answers %j as wrong usage', async (flags, message) => {
    const { code, stdout, stderr } = await run(flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
