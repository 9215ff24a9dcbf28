import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { Worker } from 'node:worker_threads';

import { expect, it } from 'vitest';

import { createHealthServer } from '../../src/serving/health/health-server.js';
import { HealthState } from '../../src/serving/health/health-state.js';
import { startServer } from '../../src/serving/start-server.js';
import { echoGraph, writeGraphs } from '../helpers/models/write-graph.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Asks again and again, and counts the answers of 200 in memory that the main thread reads. */
const asking = `
  const { workerData: { url, memory } } = require('node:worker_threads');
  const counts = new Int32Array(memory);
  (async () => {
    for (;;) {
      const { status } = await fetch(url).catch(() => ({ status: 0 }));
      if (status === 200) Atomics.add(counts, 0, 1);
      Atomics.notify(counts, 0);
    }
  })();`;

async function modelFolder(): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'models');
  await writeGraphs(path.join(folder, 'echo', '1'), [echoGraph(['float32'])]);
  return folder;
}

async function get(port: number | null, url: string, method = 'GET') {
  const response = await fetch(`http://127.0.0.1:${port}${url}`, { method });
  return [response.status, await response.json()] as const;
}

it('answers health checks on a port of their own, while the main thread computes too', async () => {
  const options = { modelFolder: await modelFolder(), restPort: 0, grpcPort: 0, healthPort: 0, pollSeconds: 0 };
  const server = await startServer({ ...options, token: 'a-token-of-the-server' }, '1.2.3');
  const { healthPort } = server;
  expect(await get(healthPort, '/healthz')).toEqual([200, { status: 'ok' }]);
  expect(await get(healthPort, '/readyz?verbose')).toEqual([200, { status: 'ready' }]);
  expect(await get(healthPort, '/v1/models/echo')).toEqual([404, { error: 'This port answers GET /healthz and GET /readyz alone.' }]);
  expect(await get(healthPort, '/healthz', 'POST')).toEqual([405, { error: '/healthz takes GET. Received: POST.' }]);

  const counts = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { url: `http://127.0.0.1:${healthPort}/healthz`, memory: counts.buffer };
  const client = new Worker(asking, { eval: true, workerData });
  while (Atomics.load(counts, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const before = Atomics.load(counts, 0);
  // Nothing else runs in this thread meanwhile.
  for (let count = before; count < before + 20; count = Atomics.load(counts, 0)) Atomics.wait(counts, 0, count, 30_000);
  await client.terminate();

  const draining = server.drain();
  expect((await get(healthPort, '/readyz').catch(() => [503]))[0]).toBe(503);
  await draining;
  await expect(get(healthPort, '/healthz')).rejects.toThrow('fetch failed');
}); // prettier-ignore

it('has no such port by default, and says when another program listens there', async () => {
  const options = { modelFolder: await modelFolder(), restPort: 0, grpcPort: 0, pollSeconds: 0 };
  const server = await startServer(options, '1.2.3');
  expect(server.healthPort).toBeNull();
  await server.drain();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(startServer({ ...options, healthPort: port }, '1.2.3')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `The health port cannot listen on 127.0.0.1:${port}: another program listens there. Give another port or host.`,
  });
  other.close();
});

it('says that the main thread hangs, or that no model is ready', async () => {
  const state = new HealthState();
  const server = createHealthServer(state).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [status, { error }] = (await get(port, '/healthz')) as [number, { error: string }];
  expect([status, error.replace(/\d+ s/, 'N s')]).toEqual([503, 'The server has not answered for N s: its main thread hangs.']); // prettier-ignore
  state.beat(false);
  expect(await get(port, '/healthz')).toEqual([200, { status: 'ok' }]);
  expect((await get(port, '/readyz'))[0]).toBe(503);
  state.beat(true);
  expect(await get(port, '/readyz')).toEqual([200, { status: 'ready' }]);

  // Clients who hold connections cannot keep others out.
  const held = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  expect(await get(port, '/healthz')).toEqual([200, { status: 'ok' }]);
  for (const socket of held) socket.destroy();
  server.close();
});
