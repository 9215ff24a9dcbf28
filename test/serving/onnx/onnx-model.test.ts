import { availableParallelism } from 'node:os';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { agreementOf } from '../../../src/serving/worker/agreement.js';
import { loadInOnnxRuntime } from '../../../src/serving/worker/choose-runtime.js';
import { networkThreads, OnnxModel } from '../../../src/serving/onnx/onnx-model.js';
import { ExampleSchema } from '../../../src/tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { architecture, withEmbedding, withoutEmbedding } from '../../fixtures/architectures.js';
import { saveProducts } from '../../helpers/models/save-products.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import { image } from '../../data/samples.js';

const classNames = ['ant', 'bee', 'cat'];
const png = await image(20, 14).png().toBuffer();
const strings = (...values: Uint8Array[]): TensorValue => ({ dtype: 'string', shape: [values.length], values });
const pixels = (batch: number): TensorValue => {
  const shape = [batch, 14, 20, 3];
  return { dtype: 'float32', shape, values: Float32Array.from({ length: batch * 840 }, (_, i) => (i * 7919) % 251) };
};
const bytes = { image_bytes_string: strings(png, await image(9, 30).jpeg().toBuffer()) };
/** A call of each signature. */
const calls: Readonly<Record<string, Readonly<Record<string, TensorValue>>>> = {
  serving_default: { input_tensor: pixels(5) },
  serving_bytes: bytes,
  serving_uint8: { examples: { dtype: 'uint8', shape: [1, 14, 20, 3], values: Uint8Array.from(pixels(1).values as Float32Array) } },
  serving_base64: { image: strings(Buffer.from(png.toString('base64'))) },
  serving_labels: bytes,
  serving_embedding: bytes,
  serving_classify: { inputs: strings(toBinary(ExampleSchema, create(ExampleSchema, { features: { feature: { 'image/encoded': { kind: { case: 'bytesList', value: { value: [png] } } } } } }))) },
}; // prettier-ignore

async function saved(
  folder: string,
  model: { save(directory: string): Promise<unknown>; dispose(): unknown },
): Promise<string> {
  const directory = path.join(folder, '1');
  await model.save(directory);
  model.dispose();
  return directory;
}

describe('a model whose network ONNX Runtime computes', () => {
  let original: LoadedSavedModel;
  let onnx: OnnxModel;

  beforeAll(async () => {
    const directory = await saved(await temporaryFolderForAll(), new TinyBackboneModel({ classNames, seed: 1, withHeatmap: true })); // prettier-ignore
    original = await LoadedSavedModel.load(directory);
    onnx = await OnnxModel.load(directory, Object.keys(original.signatures));
  });

  afterAll(async () => {
    original.dispose();
    await onnx.dispose();
  });

  it.each(Object.keys(calls))('answers as TensorFlow does: %s', async (key) => {
    const inputs = calls[key] ?? {};
    const [ours, theirs] = [original.callValues(key, inputs), await onnx.callValues(key, inputs)];
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(ours).sort());
    const { largestDifference, sameAnswers } = agreementOf([[ours, theirs]]);
    expect(largestDifference).toBeLessThan(1e-5);
    expect(sameAnswers ?? 1).toBe(1);
    for (const [name, { dtype, shape, values }] of Object.entries(ours)) {
      expect([theirs[name]?.dtype, theirs[name]?.shape]).toEqual([dtype, shape]);
      if (dtype === 'string') expect(theirs[name]?.values).toEqual(values);
    }
  });

  it('gives the outputs that are asked for, and leaves to TensorFlow what ONNX does not have', async () => {
    expect(Object.keys(await onnx.callValues('serving_labels', bytes, ['class_index']))).toEqual(['class_index']);
    expect(Object.keys(original.signatures).filter((key) => !onnx.signatures.includes(key))).toEqual([
      'serving_heatmap',
    ]);
  });

  it('says what is wrong with a picture, as TensorFlow does', async () => {
    await expect(
      onnx.callValues('serving_bytes', { image_bytes_string: strings(Buffer.from('a cat')) }),
    ).rejects.toThrow('Unknown image file format');
  });

  it('is checked for every signature, with a made-up picture for those that take strings', async () => {
    const { model, precision } = await loadInOnnxRuntime(original.directory, () => undefined);
    onTestFinished(() => model.dispose());
    expect(precision.note).toMatch(
      /at most\. TensorFlow computes "serving_heatmap": ONNX Runtime has no network for it\.(?: --runtime tensorflow is faster here\.)?$/,
    );
    for (const [key, inputs] of Object.entries(calls)) {
      const answer = model.callValues(key, inputs);
      expect(answer, key).toBeInstanceOf(Promise);
      await answer;
    }
  });
});

const all = { ...withEmbedding, ...withoutEmbedding };

describe('loading a version in ONNX Runtime', () => {
  it.each(['one backbone on both halves', 'two heads added', 'batch normalization everywhere', 'a siamese distance'])(
    'takes networks as users write them: %s',
    async (name) => {
      const build = all[name];
      if (!build) throw new Error(`There is no architecture "${name}".`);
      const directory = await saved(await temporaryFolder(), new (architecture(build))({ classNames, seed: 1 }));
      const { model, precision } = await loadInOnnxRuntime(directory, () => undefined);
      onTestFinished(() => model.dispose());
      expect(precision.note).toMatch(
        /^computes in ONNX Runtime 1\.\d+\.\d+: a request takes [\d.]+ ms, and [\d.]+ ms in TensorFlow; the outputs are [\d.e-]+ apart at most\.(?: --runtime tensorflow is faster here\.)?$/,
      );
      expect(Object.keys(await model.callValues('serving_labels', bytes))).toContain('class_name');
    },
  );

  it('keeps signatures apart of which one takes what another computes, as in TensorFlow 1, and leaves those for other sizes to TensorFlow', async () => {
    const { model, precision } = await loadInOnnxRuntime(await saveProducts(await temporaryFolder()), () => undefined);
    onTestFinished(() => model.dispose());
    expect(precision.note).toMatch(/^computes in ONNX Runtime /);
    const row = (...values: number[]) => ({ dtype: 'float32', shape: [1, values.length], values: Float32Array.from(values) }) as const; // prettier-ignore
    const y = row(16);
    expect(await model.callValues('serving_default', { x: row(1, 2) })).toEqual({ y });
    expect(await model.callValues('scaled', { x: row(2, 4) })).toEqual({ y });
    const wide = model.callValues('wide', { x: row(1, 2, 3) });
    expect(wide).not.toBeInstanceOf(Promise);
    expect(wide).toEqual({ y: row(14) });
  });

  it('stays in TensorFlow whatever fails in ONNX Runtime, and says so', async () => {
    const directory = await saveProducts(await temporaryFolder());
    vi.stubEnv('TMPDIR', path.join(directory, 'missing'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const { model, precision } = await loadInOnnxRuntime(directory, () => undefined);
    onTestFinished(() => model.dispose());
    expect(precision.note).toMatch(/^computes in TensorFlow: ENOENT: no such file or directory, mkdtemp /);
  });

  it.each([
    [3, '2', 3],
    [0, '2', 2],
    [0, '', availableParallelism()],
    [0, 'many', availableParallelism()],
  ])('gives ONNX Runtime the threads that TensorFlow has: %d, TF_NUM_INTRAOP_THREADS "%s"', (intraOpThreads, given, threads) => {
    vi.stubEnv('TF_NUM_INTRAOP_THREADS', given);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(networkThreads({ intraOpThreads })).toBe(threads);
  }); // prettier-ignore

  it('stays in TensorFlow where there is no network, and says so', async () => {
    const { model, precision } = await loadInOnnxRuntime(await saveScale(await temporaryFolder(), 3), () => undefined);
    onTestFinished(() => model.dispose());
    expect(precision.note).toBe('computes in TensorFlow: None of its signatures has a network of ops that ONNX has.');
    const x = { dtype: 'float32', shape: [1, 2], values: Float32Array.of(2, 5) } as const;
    expect(model.callValues('serving_default', { x }, ['y'])).toEqual({ y: { ...x, values: Float32Array.of(6, 15) } });
  });
});
