import { parentPort, workerData } from 'node:worker_threads';

import { wordsOf } from '../../errors.js';
import { listen } from '../rest/listen.js';
import { createHealthServer } from './health-server.js';
import { HealthState } from './health-state.js';
import type { HealthThreadData, HealthThreadReply } from './health-thread.js';

/** The thread of a `HealthThread`: listens, reports its port, and answers until it is ended. */
const { memory, host, port } = workerData as HealthThreadData;

async function start(): Promise<HealthThreadReply> {
  try {
    return { port: await listen(createHealthServer(new HealthState(memory)), host, port, 'The health port') };
  } catch (error) {
    return { problem: wordsOf(error) };
  }
}

parentPort?.postMessage(await start());
