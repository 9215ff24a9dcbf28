import { parentPort, workerData } from 'node:worker_threads';

import { SignetError, wordsOf } from '../../errors.js';
import type { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import type { InferenceReply, InferenceRequest, InferenceWorkerData, PlainError } from './inference-messages.js';
import { refuseFileOps } from '../../saved-model/read/file-ops.js';
import { loadForServing } from './load-for-serving.js';
import { packValues, unpackValues } from './packed-value.js';
import { plainSignature } from './plain-signature.js';
import { warmUp } from './warm-up.js';

/** The thread of an `InferenceWorker`: loads a SavedModel, says so, then answers calls one after another. */
async function main(): Promise<void> {
  const { directory, warmupIterations, trustModels, precision: asked } = workerData as InferenceWorkerData;
  try {
    if (!trustModels) await refuseFileOps(directory);
    const notes: string[] = [];
    const { model, precision } = await loadForServing(directory, {
      precision: asked,
      tell: (note) => notes.push(note),
    });
    const warmup = warmupIterations > 0 ? await warmUp(model, warmupIterations) : null;
    parentPort?.on('message', (request: InferenceRequest) => answer(model, request));
    const signatures = Object.entries(model.signatures).map(([key, each]) => [key, plainSignature(each)] as const);
    const offer = model.isShareable ? model.offer() : null;
    send({ type: 'loaded', signatures, warmup, notes, precision, offer });
  } catch (error) {
    send({ type: 'not-loaded', error: plainError(error) });
  }
}

function answer(model: LoadedSavedModel, request: InferenceRequest): void {
  if (request.type === 'end') {
    model.dispose();
    parentPort?.close();
    return;
  }
  const { id, signature, inputs, outputs } = request;
  try {
    const started = performance.now();
    const results = model.callValues(signature, unpackValues(inputs), outputs);
    const seconds = (performance.now() - started) / 1000;
    const { values, transfer } = packValues(results, true);
    send({ type: 'result', id, outputs: values, seconds }, transfer);
  } catch (error) {
    send({ type: 'error', id, error: plainError(error) });
  }
}

function send(reply: InferenceReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, transfer);
}

function plainError(error: unknown): PlainError {
  const message = wordsOf(error);
  return { code: error instanceof SignetError ? error.code : null, message };
}

await main();
