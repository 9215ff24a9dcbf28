// The model in TensorFlow.js.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import wasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';

/**
 * Backends that a browser may have. WebAssembly is first: the exported model was checked in it, and it gives the same numbers on every machine. The
 * graphics card is faster for large models, but on some phones it computes with 16 bits.
 */
export const backendNames = { wasm: 'WebAssembly', webgl: 'WebGL', webgpu: 'WebGPU', cpu: 'JavaScript' };

// Threads would need another file, and a server that isolates the page.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
setWasmPaths({ 'tfjs-backend-wasm-simd.wasm': wasm, 'tfjs-backend-wasm.wasm': wasm, 'tfjs-backend-wasm-threaded-simd.wasm': wasm }, true); // prettier-ignore

/** @returns The backends that this browser has, the best first. */
export async function availableBackends() {
  const has = {
    wasm: () => typeof WebAssembly === 'object' && tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'),
    webgl: () => tf.env().getBool('HAS_WEBGL'),
    webgpu: async () => Boolean(await navigator.gpu?.requestAdapter()),
    cpu: () => true,
  };
  const found = await Promise.all(
    Object.entries(has).map(async ([name, test]) =>
      (await Promise.resolve()
        .then(test)
        .catch(() => false))
        ? name
        : null,
    ),
  );
  return found.filter((name) => name !== null);
}

export class LocalModel {
  #topology;
  #weights;
  #model = null;
  /** One task at a time: pictures wait for a change of the backend. */
  #last = Promise.resolve();

  /** @param topology Content of `model.json`. @param weights All weights, one after the other. */
  constructor(topology, weights) {
    this.#topology = topology;
    this.#weights = weights;
  }

  get backend() {
    return tf.getBackend();
  }

  /** Takes the first backend that computes the model. @throws Error of the last one. */
  async useFirst(names) {
    for (const [i, name] of names.entries()) {
      try {
        return await this.use(name);
      } catch (error) {
        if (i === names.length - 1) throw error;
      }
    }
    return undefined;
  }

  /** Loads the model for a backend, and runs it once, since the first run prepares the others. */
  use(backend) {
    return this.#inTurn(async () => {
      this.#model?.dispose();
      this.#model = null;
      if (!(await tf.setBackend(backend))) throw new Error('it does not start');
      const { weightsManifest, ...topology } = this.#topology;
      const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
      this.#model = await loadGraphModel(tf.io.fromMemory({ ...topology, weightSpecs, weightData: this.#weights }));
      const [, height, width] = this.#model.inputs[0].shape ?? [];
      await this.#compute({ pixels: null, height: height > 0 ? height : 64, width: width > 0 ? width : 64 });
    });
  }

  /** @returns The model's first output, the milliseconds that it took, and the backend. */
  run(picture) {
    return this.#inTurn(async () => {
      // So that the browser can show its progress before it is busy.
      await new Promise((resolve) => setTimeout(resolve));
      const start = performance.now();
      const outputs = await this.#compute(picture);
      return { outputs, milliseconds: performance.now() - start, backend: this.backend };
    });
  }

  async #compute({ pixels, height, width }) {
    const shape = [1, height, width, 3];
    const input = pixels === null ? tf.zeros(shape) : tf.tensor4d(pixels, shape);
    const [name] = Object.keys(this.#topology.signature.inputs);
    const [first] = Object.keys(this.#topology.signature.outputs).sort();
    try {
      const output = this.#model.execute({ [name]: input }, first);
      const values = await output.data();
      output.dispose();
      return values;
    } finally {
      input.dispose();
    }
  }

  #inTurn(work) {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
