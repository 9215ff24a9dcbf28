import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { SignetClient } from '../../src/client/signet-client.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { runCommandLine } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { saveScale } from '../helpers/models/save-scale.js';
import { OtlpReceiver } from '../helpers/servers/otlp-receiver.js';
import { type ServeModelProcess, startServeModel } from '../helpers/servers/start-serve-model.js';
import { temporaryFolder, temporaryFolderForAll } from '../helpers/temporary-folder.js';

const digit = path.resolve('data/digits/test/7/0043.png');

describe('serve-model', () => {
  let folder: string;
  let server: ServeModelProcess;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    const model = new LenetModel({ classNames: Array.from('0123456789'), seed: 1 });
    await model.save(path.join(folder, 'LenetModel', '1'));
    model.dispose();
    await saveScale(path.join(folder, 'Scale'), 1);
    server = await startServeModel(['--model-folder', folder, '--access-log', path.join(folder, 'access.jsonl')]);
  });
  afterAll(async () => {
    server.child.kill('SIGKILL');
    await Promise.resolve();
  });

  const url = (rest: string) => `http://127.0.0.1:${server.restPort}${rest}`;
  const get = async (rest: string) => {
    const response = await fetch(url(rest));
    return { status: response.status, body: await response.text() };
  };

  it('tells where it answers', () => {
    expect(server.output.stdout).toBe(
      [
        `REST  ${url('/v1/models/LenetModel')}`,
        `REST  ${url('/v1/models/Scale')}`,
        `gRPC  127.0.0.1:${server.grpcPort}`,
        `page  ${url('/')}`,
        'Ctrl-C ends it.\n',
      ].join('\n'),
    );
    expect(server.output.stderr).toContain('LenetModel version 1: available\n');
  });

  it('answers REST and gRPC alike', async () => {
    const image = await readFile(digit);
    const input = { image_bytes_string: { dtype: 'string', shape: [1], values: [image] } } as const;
    const answers = [];
    for (const protocol of ['GRPC', 'REST'] as const) {
      const ports = { restPort: server.restPort, grpcPort: server.grpcPort };
      const client = new SignetClient({ ...ports, modelName: 'LenetModel', protocol });
      const { outputs } = await client.predict(input, { signatureName: 'serving_bytes' });
      answers.push(outputs.output_0?.values);
      client.close();
    }
    expect(answers[0]).toHaveLength(10);
    expect(answers[1]).toEqual(answers[0]);
  });

  it('takes a picture from curl', async () => {
    const args = ['-sS', '-F', `image=@${digit}`, url('/v1/models/LenetModel:classify-image')];
    const { stdout } = await promisify(execFile)('curl', args);
    const { predictions } = JSON.parse(stdout) as {
      predictions: { file: string; classes: { probability: number }[] }[];
    };
    expect(predictions.map(({ file }) => file)).toEqual(['0043.png']);
    expect(predictions[0]?.classes).toHaveLength(5);
  });

  it('has a page, health, metrics and an OpenAPI document', async () => {
    expect(await get('/')).toMatchObject({ status: 200, body: expect.stringContaining('<!doctype html>') as string });
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    const { body } = await get('/monitoring/prometheus/metrics');
    expect(body).toContain(':tensorflow:serving:request_count{model_name="LenetModel",status="OK"}');
    expect(JSON.parse((await get('/openapi.json')).body)).toMatchObject({
      paths: { '/v1/models/Scale:predict': { post: {} } },
    });
  });

  it('swaps versions under load and fails no request', async () => {
    let isOver = false;
    const failures: unknown[] = [];
    const factors = new Set<number>();
    const call = async () => {
      const response = await fetch(url('/v1/models/Scale:predict'), { method: 'POST', body: '{"instances": [[1.0]]}' });
      const answer = (await response.json()) as { predictions: { y: number[] }[] };
      if (response.status === 200) factors.add(answer.predictions[0]?.y[0] ?? NaN);
      else failures.push(answer);
    };
    const clients = Array.from({ length: 4 }, async () => {
      while (!isOver) await call().catch((error: unknown) => failures.push(error));
    });
    for (const version of [2, 3]) {
      await saveScale(path.join(folder, 'Scale'), version);
      await until(async () => (await get(`/v1/models/Scale/versions/${version}`)).body.includes('AVAILABLE'));
      await until(() => Promise.resolve(factors.has(version)));
    }
    isOver = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect([...factors]).toEqual([1, 2, 3]);
  });

  it('ends at SIGTERM when every request is answered', async () => {
    let cut = 0;
    let answered = 0;
    let isOver = false;
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        try {
          const response = await fetch(url('/v1/models/Scale:predict'), {
            method: 'POST',
            body: '{"instances": [[1.0]]}',
          });
          await response.arrayBuffer();
          if (response.status === 200) answered += 1;
          else cut += 1;
        } catch (error) {
          // A new connection is refused: nothing was sent. Anything else was cut off.
          isOver = true;
          if (!String((error as Error).cause).includes('ECONNREFUSED')) cut += 1;
        }
      }
    });
    await until(() => Promise.resolve(answered > 50));
    expect(await server.end()).toBe(0);
    isOver = true;
    await Promise.all(clients);
    expect(cut).toBe(0);
    const lines = (await readFile(path.join(folder, 'access.jsonl'), 'utf8')).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { method: string; model: string; status: string });
    expect(events.filter(({ method, model }) => method === 'Predict' && model === 'Scale').length).toBeGreaterThan(50);
    expect(server.output.stderr).toContain('SIGTERM: answering what has come');
  });
});

describe('serve-model with what it cannot serve', () => {
  it.each([
    [[], 2, 'Give --model-folder or --model-config-file. Received: neither.'],
    [['--model-folder', 'no/such'], 1, 'no/such is not a folder.'],
    [['--model-folder', 'docs'], 1, 'docs has no model. Expected: docs/NAME/1/saved_model.pb.'],
    [['--model-folder', 'docs', '--rest-timeout', '0'], 2, '--rest-timeout'],
    [['--model-folder', 'docs', '--rest-port', '65536'], 2, '--rest-port'],
    [['--model-folder', 'docs', '--workers', '0'], 2, '--workers'],
    [['--model-folder', 'docs', '--tls-key', 'k.pem'], 2, '--tls-key needs --tls-certificate, which is missing.'],
    [['--model-config-file', 'no/such'], 2, 'no/such cannot be read'],
  ])('%j', async (args, code, message) => {
    const result = await runInProcess('serve-model', args);
    expect(result.stderr).toContain(message);
    expect(result.stdout).toBe('');
    expect(result.code).toBe(code);
  });

  it('tells why no model could be loaded', async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, 'broken', '1', 'variables'), { recursive: true });
    await writeFile(path.join(folder, 'broken', '1', 'saved_model.pb'), 'not a model');
    await writeFile(path.join(folder, 'broken', '1', 'variables', 'variables.index'), '');
    const result = await runCommandLine('serve-model', [
      '--model-folder',
      folder,
      '--rest-port',
      '0',
      '--grpc-port',
      '0',
    ]);
    expect(result.stderr).toContain('No model could be loaded:\n  broken: ');
    expect(result.code).toBe(1);
  });
});

describe('serve-model with a configuration file', () => {
  it('follows its changes', async () => {
    const folder = await temporaryFolder();
    await saveScale(path.join(folder, 'a'), 1);
    await cp(path.join(folder, 'a'), path.join(folder, 'b'), { recursive: true });
    const config = (name: string) =>
      `model_config_list { config { name: "${name}" base_path: "${path.join(folder, name)}" model_platform: "tensorflow" } }`;
    const file = path.join(folder, 'models.config');
    await writeFile(file, config('a'));
    const server = await startServeModel(['--model-config-file', file, '--model-config-file-poll-seconds', '0.2']);
    try {
      await writeFile(`${file}.new`, config('b'));
      await rename(`${file}.new`, file);
      const status = async (name: string) => {
        const response = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/${name}`);
        return response.status;
      };
      await until(async () => (await status('b')) === 200);
      expect(await status('a')).toBe(404);
    } finally {
      expect(await server.end()).toBe(0);
      await rm(file);
    }
  });
});

describe('serve-model with traces and a shadow version', () => {
  it('sends what is left at SIGTERM, and reports how far the version agrees', async () => {
    const receiver = await OtlpReceiver.start();
    onTestFinished(() => receiver.close());
    const folder = await temporaryFolder();
    await saveScale(path.join(folder, 'Scale'), 1);
    await saveScale(path.join(folder, 'Scale'), 2);
    const flags = ['--shadow-version', 'Scale=2', '--shadow-share', '1', '--otlp-endpoint', receiver.url];
    const server = await startServeModel(['--model-folder', folder, ...flags]);
    try {
      const url = `http://127.0.0.1:${server.restPort}`;
      const body = '{"instances": [[1, 2]]}';
      const response = await fetch(`${url}/v1/models/Scale:predict`, { method: 'POST', body });
      expect(await response.json()).toEqual({ predictions: [{ y: [1, 2], twice: [2, 4] }] });
      await until(async () => {
        const metrics = await (await fetch(`${url}/monitoring/prometheus/metrics`)).text();
        return metrics.includes(':signet:shadow_request_count{model_name="Scale",version="2",result="compared"} 1');
      });
      const version = await (await fetch(`${url}/page/version.json?model=Scale&version=2`)).text();
      expect(version).toContain('100 % of 2 answers are the same');
    } finally {
      expect(await server.end()).toBe(0);
    }
    expect(receiver.spans.map(({ name }) => name)).toContain('POST /v1/models/{name}:predict');

    const refused = async (...args: string[]) => {
      const { code, stderr } = await runInProcess('serve-model', [
        '--model-folder',
        folder,
        '--rest-port',
        '0',
        ...args,
      ]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused('--shadow-version', 'v2')).toContain(
      '--shadow-version is a version such as 3, or NAME=3 for one model of several. Received: v2.',
    );
    expect(await refused('--otlp-endpoint', 'localhost:4318')).toContain(
      '--otlp-endpoint is the address of a collector that takes OTLP over HTTP, such as http://localhost:4318. Received: localhost:4318.',
    );
  });
});

/** Asks until it is so; the test's own time limit ends the wait. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}
