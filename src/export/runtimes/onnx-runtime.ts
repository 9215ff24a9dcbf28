import { createRequire } from 'node:module';

import { type ExportedModel, RuntimeMissing } from './exported-model.js';

/** What is used of `onnxruntime-node`, which a project need not have. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
}

/** A model in ONNX Runtime whose inputs and outputs are floats. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, unknown>,
    outputs?: readonly string[],
  ): Promise<Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>>;
  release(): Promise<void>;
}

/** Opens an ONNX file in ONNX Runtime. @throws RuntimeMissing when `onnxruntime-node` is not installed. */
export async function openOnnxModel(files: ReadonlyMap<string, Uint8Array>): Promise<ExportedModel> {
  const { runtime, version } = await loadOnnxRuntime();
  const session = await runtime.InferenceSession.create(files.get('model.onnx') ?? new Uint8Array(), {
    logSeverityLevel: 3,
  });
  const [input = ''] = session.inputNames;
  const [output = ''] = session.outputNames;
  return {
    runtime: `onnxruntime-node ${version}`,
    classify: async ({ pixels, shape }) => {
      const feeds = { [input]: new runtime.Tensor('float32', pixels, shape) };
      const start = performance.now();
      const results = await session.run(feeds);
      return { logits: results[output]?.data ?? new Float32Array(), milliseconds: performance.now() - start };
    },
    close: () => session.release(),
  };
}

/** Loads `onnxruntime-node`. @throws RuntimeMissing when it is not installed. */
export async function loadOnnxRuntime(): Promise<{ runtime: OnnxRuntime; version: string }> {
  try {
    const name = 'onnxruntime-node';
    const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
    return { runtime: (await import(name)) as OnnxRuntime, version };
  } catch (cause) {
    throw new RuntimeMissing('ONNX Runtime is not installed. Run "npm install onnxruntime-node".', { cause });
  }
}
