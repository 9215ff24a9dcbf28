/** The thread that runs a GraphModel by TF.js's WebAssembly backend, without Signet's changes of TF.js. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import { wordsOf } from '../../errors.js';
import type { Pictures } from './exported-model.js';
import type { TfjsReply } from './tfjs-runtime.js';

const post = (reply: TfjsReply) => parentPort?.postMessage(reply);

try {
  const tf = await import('@tensorflow/tfjs-core');
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  const { setWasmPaths, version_wasm: version } = await import('@tensorflow/tfjs-backend-wasm');
  const folder = path.dirname(
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm'),
  );
  setWasmPaths(`${folder}/`);
  await tf.setBackend('wasm');
  const model = await loadGraphModel(tf.io.fromMemory(artifacts(workerData as ReadonlyMap<string, Uint8Array>)));
  parentPort?.on('message', ({ pixels, shape }: Pictures) => {
    try {
      const start = performance.now();
      const logits = tf.tidy(() => {
        const outputs = model.predict({ [model.inputs[0]?.name.split(':')[0] ?? '']: tf.tensor(pixels, [...shape]) });
        const [first] = Array.isArray(outputs) ? outputs : 'dataSync' in outputs ? [outputs] : Object.values(outputs);
        return (first as ReturnType<typeof tf.tensor>).dataSync<'float32'>().slice();
      });
      post({ answer: { logits, milliseconds: performance.now() - start } });
    } catch (error) {
      post({ error: wordsOf(error) });
    }
  });
  post({ ready: `TensorFlow.js ${version}, WebAssembly` });
} catch (error) {
  post({ error: wordsOf(error) });
}

function artifacts(files: ReadonlyMap<string, Uint8Array>) {
  const model = JSON.parse(Buffer.from(files.get('model.json') ?? new Uint8Array()).toString('utf8')) as {
    readonly modelTopology: object;
    readonly signature: object;
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly object[] }[];
  };
  const weights = model.weightsManifest.flatMap(({ paths }) =>
    paths.map((name) => files.get(name) ?? new Uint8Array()),
  );
  const weightData = new Uint8Array(Buffer.concat(weights)).buffer;
  const weightSpecs = model.weightsManifest.flatMap((group) => group.weights);
  return { ...model, weightSpecs, weightData } as never;
}
