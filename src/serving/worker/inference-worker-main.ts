import { parentPort, workerData } from 'node:worker_threads';

import type { InferenceReply, InferenceRequest, InferenceWorkerData } from './inference-messages.js';
import { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import { refuseFileOps } from '../../saved-model/read/file-ops.js';
import { type ChosenRuntime, loadInOnnxRuntime } from './choose-runtime.js';
import { loadForServing } from './load-for-serving.js';
import type { Values } from './made-up-call.js';
import { freeCopied } from './free-copied.js';
import { isStrings, type PackedValue, packValues, unpackValues } from './packed-value.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { plainError } from './plain-error.js';
import { plainSignature } from './plain-signature.js';
import type { ServedModel } from './served-model.js';
import { askForCollection, placeValues, sharedBufferOf } from './shared-memory.js';
import { warmUp } from './warm-up.js';

/** The thread of an `InferenceWorker`: loads a SavedModel, reports that, then answers calls one after another. */
async function main(): Promise<void> {
  const { directory, warmupIterations, trustModels, precision: asked, runtime } = workerData as InferenceWorkerData;
  try {
    if (!trustModels) await refuseFileOps(directory);
    const notes: string[] = [];
    const tell = (note: string) => void notes.push(note);
    const load =
      runtime === 'onnx' ? loadInOnnxRuntime(directory, tell) : loadForServing(directory, { precision: asked, tell });
    const { model, precision }: ChosenRuntime = await load;
    const warmup = warmupIterations > 0 ? await warmUp(model, warmupIterations) : null;
    // One after another, even if a call waits for something meanwhile.
    let last: Promise<void> | undefined;
    parentPort?.on('message', (request: InferenceRequest) => {
      last = last ? last.then(() => answer(model, request)) : answer(model, request);
    });
    const signatures = Object.entries(model.signatures).map(([key, each]) => [key, plainSignature(each)] as const);
    // When the network runs elsewhere, the rest of the model is useless in another thread.
    const offer = model instanceof LoadedSavedModel && model.isShareable ? model.offer() : null;
    send({ type: 'loaded', signatures, warmup, notes, precision, offer });
  } catch (error) {
    send({ type: 'not-loaded', error: plainError(error) });
  }
}

/** Time after the last call with shared memory until its memory may be given up by the other thread, in milliseconds. */
const idleMilliseconds = 15_000;
let timer: NodeJS.Timeout | undefined;

/** Objects for shared memory keep it, and V8 sees no reason to collect them. */
function forgetSharedMemory(): void {
  clearTimeout(timer);
  timer = setTimeout(askForCollection, idleMilliseconds).unref();
}

function answer(model: ServedModel, request: InferenceRequest): Promise<void> | undefined {
  if (request.type === 'end') {
    model.dispose();
    parentPort?.close();
    return;
  }
  const { id, signature, inputs, outputs, into, memory } = request;
  const fail = (error: unknown) => send({ type: 'error', id, error: plainError(error) });
  try {
    const started = performance.now();
    const reply = (results: Values) => {
      const seconds = (performance.now() - started) / 1000;
      const places = new Map(into);
      const others = Object.entries(results).filter(([name, value]) => !isPlaced(value, places.get(name)));
      const own = Object.fromEntries(others);
      const { values, transfer } = packValues(memory ? placeValues(own, memory) : own, true);
      const packed = new Map(values);
      const named = Object.keys(results).map((name) => [name, packed.get(name) ?? null] as const);
      freeCopied(results, transfer);
      send({ type: 'result', id, outputs: named, seconds }, transfer);
    };
    const values = unpackValues(inputs);
    if (into || memory || Object.values(values).some((value) => sharedBufferOf(value.values))) forgetSharedMemory();
    const results = model.callValues(signature, values, outputs);
    if (results instanceof Promise) return results.then(reply).catch(fail);
    reply(results);
  } catch (error) {
    fail(error);
  }
}

/** Writes an output into memory that was given for it. @returns Whether it fits there. */
function isPlaced({ dtype, shape, values }: TensorValue, place: PackedValue | undefined): boolean {
  if (!place || !('values' in place) || isStrings(values)) return false;
  if (dtype !== place.dtype || String(shape) !== String(place.shape)) return false;
  (place.values as Float32Array).set(values as Float32Array);
  return true;
}

function send(reply: InferenceReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, transfer);
}

await main();
