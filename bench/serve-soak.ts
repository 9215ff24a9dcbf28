import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetClient } from '../src/client/signet-client.js';
import { type ServeModelProcess, startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { HttpClient } from './serve/post.js';
import { residentMebibytes } from './serve/resident-mebibytes.js';
import { type BenchModel, saveBenchModel } from './serve/save-bench-model.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:serve:soak`: what must not go wrong while a server runs for a long time, with 8 clients over REST and 8 over gRPC: `--minutes` (10)
 * of steady load with the server's memory, `--swaps` (50) of the served version, `--ends` (20) by SIGTERM. Prints what failed; exits 1 if anything
 * did.
 */
const file = await readFile(path.join('data', 'digits', 'test', '7', '0043.png'));
const instances = [{ b64: file.toString('base64') }];
const body = Buffer.from(JSON.stringify({ signature_name: 'serving_bytes', instances }));
const input = { image_bytes_string: { dtype: 'string', shape: [1], values: [file] } } as const;

/** Clients that send requests until they are told to stop. */
class Load {
  answered = 0;
  /** Requests that were sent but not answered with a result. */
  readonly failures: string[] = [];
  #isOver = false;
  readonly #clients: Promise<unknown>;
  readonly #rest: HttpClient;
  readonly #grpc: SignetClient;

  constructor({ restPort, grpcPort }: ServeModelProcess) {
    this.#rest = new HttpClient(restPort);
    this.#grpc = new SignetClient({ grpcPort, modelName: 'LenetModel' });
    const calls = [
      () => this.#rest.post('/v1/models/LenetModel:predict', body),
      () => this.#grpc.predict(input, { signatureName: 'serving_bytes' }),
    ];
    this.#clients = Promise.all(calls.flatMap((call) => Array.from({ length: 8 }, () => this.#client(call))));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#clients;
    this.#rest.close();
    this.#grpc.close();
  }

  async #client(call: () => Promise<unknown>): Promise<void> {
    while (!this.#isOver) {
      try {
        await call();
        this.answered += 1;
      } catch (error) {
        // Nothing was sent, because nothing listens any more: the server ended, as it was told to.
        const text = `${String(error)} ${String((error as Error).cause)}`;
        if (text.includes('ECONNREFUSED')) return;
        this.failures.push(text);
      }
    }
  }
}

let failed = 0;
const bench = await saveBenchModel();
try {
  await soak(bench, numberFlag('minutes', 10));
  await swap(bench, numberFlag('swaps', 50));
  await end(bench, numberFlag('ends', 20));
} finally {
  await bench.remove();
}
process.exit(failed > 0 ? 1 : 0);

async function soak({ folder }: BenchModel, minutes: number): Promise<void> {
  const server = await startServeModel(['--model-folder', folder]);
  const load = new Load(server);
  const start = Date.now();
  const samples: number[] = [];
  console.log('minute  answered  failed  RSS MiB');
  const steps = Math.max(1, Math.round(minutes * 2));
  for (let step = 1; step <= steps; step += 1) {
    await sleep(start + (step / steps) * minutes * 60_000 - Date.now());
    samples.push(await rssOf(server));
    const minute = ((Date.now() - start) / 60_000).toFixed(1);
    const columns = [minute.padStart(6), load.answered, load.failures.length, samples.at(-1)?.toFixed(1)];
    console.log(columns.map((column) => String(column).padStart(8)).join(''));
  }
  await load.stop();
  await server.end();
  // The first tenth warms up: code is compiled, heaps grow to their size.
  const settled = samples.slice(Math.ceil(samples.length / 10));
  const growth = (settled.at(-1) ?? NaN) - (settled[0] ?? NaN);
  console.log(
    `soak: ${load.answered} answered, ${load.failures.length} failed, memory ${growth.toFixed(1)} MiB more at the end`,
  );
  tell(load.failures);
}

async function swap({ folder, addVersion, removeVersion }: BenchModel, swaps: number): Promise<void> {
  const server = await startServeModel(['--model-folder', folder, '--poll-seconds', '0.2']);
  const load = new Load(server);
  const url = `http://127.0.0.1:${server.restPort}/v1/models/LenetModel/versions`;
  for (let version = 2; version <= swaps + 1; version += 1) {
    await addVersion(version);
    for (;;) {
      const text = await (await fetch(`${url}/${version}`)).text();
      if (text.includes('AVAILABLE')) break;
      await sleep(50);
    }
    if (version > 2) await removeVersion(version - 1);
  }
  await load.stop();
  const rss = await rssOf(server);
  await server.end();
  console.log(
    `swaps: ${swaps} under load, ${load.answered} answered, ${load.failures.length} failed, RSS ${rss.toFixed(0)} MiB`,
  );
  tell(load.failures);
  if (swaps > 0) await removeVersion(swaps + 1);
}

async function end({ folder }: BenchModel, ends: number): Promise<void> {
  const failures: string[] = [];
  let answered = 0;
  for (let i = 0; i < ends; i += 1) {
    const server = await startServeModel(['--model-folder', folder]);
    const load = new Load(server);
    while (load.answered < 200) await sleep(20);
    const code = await server.end();
    await load.stop();
    answered += load.answered;
    failures.push(...load.failures, ...(code === 0 ? [] : [`exit code ${code}`]));
  }
  console.log(`ends: ${ends} by SIGTERM under load, ${answered} answered, ${failures.length} cut`);
  tell(failures);
}

function tell(failures: readonly string[]): void {
  failed += failures.length;
  for (const failure of new Set(failures)) console.log(`  ${failure.slice(0, 300)}`);
}

function rssOf({ child }: ServeModelProcess): Promise<number> {
  return residentMebibytes(child.pid);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
