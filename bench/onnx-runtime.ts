import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import * as ort from 'onnxruntime-node';

import { exportFiles } from '../src/export/export-files.js';
import { EfficientNetLiteModel, type ImageClassifierModel, ResnetModel } from '../src/index.js';
import { LoadedSavedModel } from '../src/saved-model/run/load-saved-model.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:onnx-runtime`: milliseconds for a batch of 224 x 224 pictures in TensorFlow's session, with weights as constants as `serve-model`
 * loads them, and in ONNX Runtime, in turns; the median of `--rounds` (5) rounds. Weights are random, which makes no difference to the cost.
 */
const rounds = numberFlag('rounds', 5);
const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
const models = {
  ResNet50V2: () => new ResnetModel({ classNames, seed: 1 }),
  'EfficientNet-Lite0': () => new EfficientNetLiteModel({ classNames, seed: 1 }),
} satisfies Record<string, () => ImageClassifierModel>;

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
for (const [name, make] of Object.entries(models)) {
  const directory = path.join(folder, name);
  const model = make();
  await model.save(directory);
  model.dispose();
  const tensorflow = await LoadedSavedModel.load(directory, { areVariablesConstant: true });
  const file = (await exportFiles(directory, 'onnx')).get('model.onnx') ?? new Uint8Array();
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  for (const batch of [1, 32]) {
    const shape = [batch, 224, 224, 3];
    const values = Float32Array.from({ length: batch * 224 * 224 * 3 }, (_, i) => (i * 7919) % 256);
    const ways = {
      TensorFlow: () =>
        Promise.resolve(
          tensorflow.callValues('serving_default', { input_tensor: { dtype: 'float32', shape, values } }),
        ),
      'ONNX Runtime': () => session.run({ input_tensor: new ort.Tensor('float32', values, shape) }),
    };
    const [ours = NaN, theirs = NaN] = await medians(Object.values(ways));
    console.log(
      `${name}, batch ${batch}: TensorFlow ${ours.toFixed(1)} ms, ONNX Runtime ${theirs.toFixed(1)} ms, ${(ours / theirs).toFixed(2)}x`,
    );
  }
  tensorflow.dispose();
  await session.release();
}
await rm(folder, { recursive: true });

/** Runs them in turn, so that a busy moment affects all of them. The first round warms up. */
async function medians(ways: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times: number[][] = ways.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [i, run] of ways.entries()) {
      const start = performance.now();
      await run();
      if (round > 0) times[i]?.push(performance.now() - start);
    }
  }
  return times.map((each) => each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)] ?? NaN);
}
