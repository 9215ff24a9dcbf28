import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

import type { Hdf5Reply, Hdf5Request, Hdf5ThreadData } from './hdf5-messages.js';
import { type Hdf5Weights, openHdf5Weights } from './hdf5-weights.js';

/** The thread that parses one weight file; `keras-weight-file.ts` starts and ends it. */
function serve(port: MessagePort, { path, steps }: Hdf5ThreadData): void {
  const onStep = () => void Atomics.add(steps, 0, 1);
  let file: Hdf5Weights | null = null;
  const answer = async (request: Hdf5Request): Promise<Hdf5Reply> => {
    if (request === 'open') {
      file = await openHdf5Weights(path, onStep);
      return { type: 'layers', ...headsOf(file) };
    }
    onStep();
    const values = file?.layers[request.layer]?.weights[request.weight]?.read() ?? new Float32Array();
    return { type: 'elements', values };
  };
  port.on('message', (request: Hdf5Request) => {
    void answer(request)
      .catch(failure)
      .then((reply) => port.postMessage(reply, reply.type === 'elements' ? [reply.values.buffer] : []));
  });
  port.postMessage({ type: 'ready' } satisfies Hdf5Reply);
}

/** Compiles the parser before the first request: on a busy machine that takes longer than a step may. */
async function loadParser(): Promise<void> {
  const { default: h5 } = await import('h5wasm');
  await h5.ready;
}

function headsOf({ layers, isOrdered }: Hdf5Weights) {
  const heads = layers.map(({ name, weights }) => ({
    name,
    weights: weights.map(({ path, shape }) => ({ path, shape })),
  }));
  return { layers: heads, isOrdered };
}

function failure(error: unknown): Hdf5Reply {
  const { message, name } = error instanceof Error ? error : new Error(String(error));
  return { type: 'error', message, isOurs: name === 'SignetError' };
}

await loadParser();
if (parentPort) serve(parentPort, workerData as Hdf5ThreadData);
