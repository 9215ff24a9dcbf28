import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import * as ort from 'onnxruntime-node';
import sharp from 'sharp';

import { median } from '../src/data/statistics.js';
import { freePorts } from '../src/distributed/free-ports.js';
import { exportFiles } from '../src/export/export-files.js';
import { cacheFolder } from '../src/files/cache-folder.js';
import { runChild } from '../src/files/run-child.js';
import { type ImageClassifierModel, LenetModel, ResnetModel } from '../src/index.js';
import { mulberry32 } from '../test/helpers/data/mulberry32.js';
import { pythonFolder } from '../test/helpers/python/python.js';
import { startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { numberFlag } from './number-flag.js';
import { startFastApi } from './serve/fastapi.js';
import { h2load, hasH2load, restTarget, type Target } from './serve/h2load.js';

/**
 * `npm run bench:serve:peers`: serve-model, FastAPI, LitServe, BentoML and NVIDIA's PyTriton with the same SavedModels (LeNet, and ResNet50V2 with
 * random weights). Requests are encoded images, which TensorFlow decodes in each server, and answers are logits. One server at a time, for
 * `--seconds` (4) at 1, 8 and 64 clients (h2load). Prints requests per second, milliseconds (p50, p99) and the memory of all of the server's
 * processes, and ONNX Runtime without a server as the limit.
 *
 * `--model lenet` or `resnet` runs one of them, `--server Signet,FastAPI,limit` some of the servers. Peers are installed once per user; those that
 * cannot be installed are reported.
 */
const seconds = numberFlag('seconds', 4);
const flag = (name: string) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const chosen = flag('server')?.split(',');
if (!(await hasH2load())) throw new Error('Install h2load (Debian: nghttp2-client).');

// Ctrl-C must not leave the peers' processes behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A running server. */
interface Started {
  readonly target: Target;
  readonly process: ChildProcess;
  readonly end: () => Promise<void>;
}

/** What is served, and what clients send. */
interface Served {
  readonly folder: string;
  readonly directory: string;
  /** File of an image. */
  readonly image: string;
}

const work = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
const peers = fileURLToPath(new URL('./serve/peers/', import.meta.url));
const classNames = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);
const models: Readonly<Record<string, { readonly title: string; readonly make: () => ImageClassifierModel; readonly image: () => Promise<string> }>> = {
  lenet: {
    title: 'LeNet, PNG of 28 x 28',
    make: () => new LenetModel({ classNames: classNames(10), seed: 1 }),
    image: () => Promise.resolve(path.join('data', 'digits', 'test', '7', '0043.png')),
  },
  resnet: {
    title: 'ResNet50V2, JPEG of 500 x 375',
    make: () => new ResnetModel({ classNames: classNames(1000), seed: 1 }),
    image: photograph,
  },
}; // prettier-ignore

const servers: Readonly<Record<string, (served: Served) => Promise<Started>>> = {
  Signet: (served) => startSignet(served),
  'Signet auto': (served) => startSignet(served, ['--precision', 'auto']),
  'Signet onnx': (served) => startSignet(served, ['--runtime', 'onnx']),
  FastAPI: async ({ directory, image }) => {
    const { port, process } = await startFastApi(directory);
    const body = Buffer.from(JSON.stringify({ instances: [{ b64: await base64(image) }] }));
    return started(process, restTarget(port, '/b64', body));
  },
  LitServe: async ({ directory, image }) => {
    const python = await install('litserve==0.2.19');
    const [port = 0] = await freePorts(1);
    const child = run(python, [path.join(peers, 'litserve_server.py'), directory, String(port), image]);
    return started(child, restTarget(port, '/predict', Buffer.from(JSON.stringify({ b64: await base64(image) }))));
  },
  BentoML: async ({ directory, image }) => {
    const python = await install('bentoml==1.4.40');
    const [port = 0] = await freePorts(1);
    const args = ['-m', 'bentoml', 'serve', 'bentoml_service:Logits', '--port', String(port), '--working-dir', peers];
    const env = { MODEL_DIRECTORY: directory, WARM_UP: path.resolve(image), BENTOML_DO_NOT_TRACK: 'True' };
    const child = run(python, [...args, '--host', '127.0.0.1'], env);
    return started(child, restTarget(port, '/predict', Buffer.from(JSON.stringify({ images: [await base64(image)] }))));
  },
  PyTriton: async ({ directory, image }) => {
    const python = await install('nvidia-pytriton==0.7.0');
    const [port = 0] = await freePorts(3);
    // Triton's own process loads libpython, which must be that of this Python and not the system's.
    const where = ['-c', 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))'];
    const { stdout } = await runChild(python, where);
    const script = path.join(peers, 'pytriton_server.py');
    const child = run(python, [script, directory, String(port), image], { LD_LIBRARY_PATH: stdout.trim() });
    return started(child, await tritonTarget(port, image));
  },
};

try {
  for (const [key, { title, make, image }] of Object.entries(models)) {
    if (flag('model') !== undefined && flag('model') !== key) continue;
    const folder = path.join(work, key);
    const directory = path.join(folder, 'LenetModel', '1');
    const model = make();
    await model.save(directory);
    model.dispose();
    const served = { folder, directory, image: await image() };
    console.log(`\n${title}; ${seconds} s each\nserver       clients   req/s    p50 ms    p99 ms   MiB`);
    for (const [name, start] of Object.entries(servers)) {
      if (chosen?.includes(name) ?? true) await measure(name, () => start(served));
    }
    if (chosen?.includes('limit') ?? true) await printLimit(directory);
  }
} finally {
  await rm(work, { recursive: true });
}

async function measure(name: string, start: () => Promise<Started>): Promise<void> {
  let server: Started;
  try {
    server = await start();
  } catch (error) {
    console.log(
      `${name.padEnd(13)}does not run here: ${(error as Error).message.trim().split('\n').at(-1)?.slice(0, 200)}`,
    );
    return;
  }
  try {
    await h2load(server.target, 8, 2);
    for (const clients of [1, 8, 64]) {
      const { requestsPerSecond, p50, p99 } = await h2load(server.target, clients, seconds);
      const memory = await memoryOf(server.process.pid ?? 0);
      const cells = [String(clients).padStart(7), requestsPerSecond.toFixed(0).padStart(8), p50.toFixed(1).padStart(10), p99.toFixed(1).padStart(10), memory.toFixed(0).padStart(6)]; // prettier-ignore
      console.log(`${name.padEnd(13)}${cells.join('')}`);
    }
  } catch (error) {
    console.log(`${name.padEnd(13)}${(error as Error).message}`);
  } finally {
    await server.end();
  }
}

async function startSignet({ folder, image }: Served, args: readonly string[] = []): Promise<Started> {
  const { child, restPort, end } = await startServeModel(['--model-folder', folder, ...args]);
  const body = { signature_name: 'serving_bytes', instances: [{ b64: await base64(image) }] };
  const target = restTarget(restPort, '/v1/models/LenetModel:predict', Buffer.from(JSON.stringify(body)));
  return { target, process: child, end: async () => void (await end()) };
}

/** Waits until a server answers with a result. */
async function started(process: ChildProcess, target: Target): Promise<Started> {
  const end = async () => {
    const ended = once(process, 'exit');
    if (process.exitCode === null) {
      process.kill('SIGTERM');
      await Promise.race([ended, wait(10_000)]);
    }
    // LitServe's workers outlive it and use a quarter of a processor each.
    endGroup(process);
  };
  const headers = target.headers.map((header) => header.split(': ') as [string, string]);
  let last = 'nothing answers';
  for (let left = 120; left > 0 && process.exitCode === null; left -= 1) {
    const answer = await fetch(target.url, { method: 'POST', headers, body: Uint8Array.from(target.body) }).catch(
      () => undefined,
    );
    if (answer?.ok) return { target, process, end };
    if (answer) last = `${answer.status} ${(await answer.text()).slice(0, 150)}`;
    await wait(1000);
  }
  await end();
  throw new Error(last);
}

function run(python: string, args: readonly string[], env = {}): ChildProcess {
  // In its own process group, so that all of its processes can be ended.
  const child = spawn(python, args, {
    detached: true,
    stdio: ['ignore', 'ignore', process.argv.includes('--verbose') ? 'inherit' : 'ignore'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', ...env },
  });
  process.once('exit', () => endGroup(child));
  return child;
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}

/** Installs a package into its own environment, which also has the TensorFlow of the parity tests. @returns Its Python. */
async function install(requirement: string): Promise<string> {
  const folder = path.join(cacheFolder(), `python-${requirement.replace('==', '-')}`);
  const [python, marker] = [path.join(folder, 'bin', 'python'), path.join(folder, 'complete')];
  if (existsSync(marker)) return python;
  process.stderr.write(`installing ${requirement} for the comparison (once per user)\n`);
  const steps: readonly (readonly [string, ...string[]])[] = [
    [path.join(pythonFolder, 'bin', 'python'), '-m', 'venv', folder],
    [path.join(folder, 'bin', 'pip'), 'install', '--quiet', requirement],
  ];
  for (const [program, ...args] of steps) {
    const { ok, output } = await runChild(program, args);
    if (!ok) throw new Error(output);
  }
  const [version = ''] = await readdir(path.join(folder, 'lib'));
  const tensorflow = path.join(pythonFolder, 'lib', version, 'site-packages');
  await writeFile(path.join(folder, 'lib', version, 'site-packages', 'tensorflow.pth'), tensorflow);
  await writeFile(marker, '');
  return python;
}

/** Memory of a process and its descendants in MiB. Shared memory counts once (PSS). */
async function memoryOf(root: number): Promise<number> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (id: number): boolean => id === root || (parents.has(id) && id > 1 && isBelow(parents.get(id) ?? 0));
  let sum = 0;
  for (const id of [...parents.keys()].filter(isBelow)) {
    const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '');
    sum += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return sum / 1024;
}

/** A request of the Open Inference Protocol with the file as raw bytes, as Triton's clients send it. */
async function tritonTarget(port: number, image: string): Promise<Target> {
  const file = await readFile(image);
  const raw = Buffer.alloc(4 + file.length);
  raw.writeUInt32LE(file.length, 0);
  raw.set(file, 4);
  const input = { name: 'image', shape: [1, 1], datatype: 'BYTES', parameters: { binary_data_size: raw.length } };
  const head = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  const target = restTarget(port, '/v2/models/logits/infer', Buffer.concat([head, raw]), 'application/octet-stream');
  return { ...target, headers: [...target.headers, `inference-header-content-length: ${head.length}`] };
}

async function base64(file: string): Promise<string> {
  return (await readFile(file)).toString('base64');
}

/** Smooth noise, as large as a photograph in bytes. */
async function photograph(): Promise<string> {
  const random = mulberry32(1);
  const noise = Buffer.from(Array.from({ length: 50 * 38 * 3 }, () => Math.floor(random() * 256)));
  const file = path.join(work, 'photograph.jpg');
  const small = sharp(noise, { raw: { width: 50, height: 38, channels: 3 } });
  await small.resize(500, 375, { kernel: 'cubic' }).jpeg({ quality: 90 }).toFile(file);
  return file;
}

/** ONNX Runtime without a server, on decoded pixels: the limit of this processor. */
async function printLimit(directory: string): Promise<void> {
  const file = (await exportFiles(directory, 'onnx')).get('model.onnx') ?? new Uint8Array();
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  const size = directory.includes('resnet') ? 224 : 28;
  for (const batch of [1, 8, 32]) {
    const shape = [batch, size, size, 3];
    const feeds = {
      [session.inputNames[0] ?? '']: new ort.Tensor('float32', new Float32Array(batch * size * size * 3), shape),
    };
    const times: number[] = [];
    for (const start = performance.now(); performance.now() - start < seconds * 1000;) {
      const began = performance.now();
      await session.run(feeds);
      times.push(performance.now() - began);
    }
    const middle = median(times);
    console.log(
      `ONNX Runtime without a server, batch ${batch}: ${((1000 * batch) / middle).toFixed(0)} images/s, ${middle.toFixed(2)} ms`,
    );
  }
  await session.release();
}
