import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EfficientNetLiteModel } from '../../../src/models/efficient-net-lite-model.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { loadModel } from '../../../src/models/load-model.js';
import { stringVector } from '../../../src/ops/strings.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { expectSame } from '../../helpers/same-by-every-road.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const classNames = ['ape', 'bee', 'cat'];

describe('serving_heatmap', () => {
  let model: TinyBackboneModel;
  let loaded: LoadedSavedModel;
  let files: tf.Tensor;
  let directory: string;

  beforeAll(async () => {
    directory = path.join(await temporaryFolderForAll(), '1');
    model = new TinyBackboneModel({
      classNames,
      seed: 3,
      inputHeight: 32,
      inputWidth: 24,
      resize: 'pad',
      withHeatmap: true,
    });
    await model.save(directory);
    loaded = await LoadedSavedModel.load(directory);
    files = stringVector(await encodedImages());
  });

  afterAll(() => {
    loaded.dispose();
    model.dispose();
  });

  const call = (classes: readonly number[]) =>
    loaded.call('serving_heatmap', { image_bytes_string: files, class_index: tf.tensor1d([...classes], 'int32') });
  const none = () => new Array<number>(files.size).fill(-1);

  it('gives what the model gives in memory, and leaves no tensor behind', () => {
    const wanted = tf.tensor1d(none(), 'int32');
    const before = tf.memory().numTensors;
    const here = model.explainImage?.(files, wanted) ?? {};
    const served = call(none());
    expect(Object.keys(served).toSorted()).toEqual(Object.keys(here).toSorted());
    for (const [name, value] of Object.entries<tf.Tensor>(here)) expectSame(served[name], value);
    tf.dispose([here, served]);
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  it('explains the most probable class unless another is named, with its probability', () => {
    const {
      class_name: names,
      class_index: indices,
      probability,
    } = loaded.call('serving_labels', { image_bytes_string: files });
    const best = (named: tf.Tensor | undefined) => (named?.arraySync() as unknown[][]).map(([first]) => first);
    const served = call(none());
    expect(served.class_name?.arraySync()).toEqual(best(names));
    expect(served.class_index?.arraySync()).toEqual(best(indices));
    const expected = tf.tensor1d(best(probability) as number[]);
    expectSame(served.probability, expected);
    const last = call(none().fill(2));
    expect(new Set(last.class_name?.arraySync() as unknown as string[])).toEqual(new Set(['cat']));
    expect(last.heatmap?.dataSync()).not.toEqual(served.heatmap?.dataSync());
  });

  it('gives 0 to 1 for each pixel of the image as the model sees it, and says how that is made', () => {
    const { heatmap, exif, resize } = call(none());
    expect(heatmap?.shape).toEqual([files.size, 32, 24]);
    const values = Array.from(heatmap?.dataSync() ?? []);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(Math.max(...values)).toBeGreaterThan(0.5);
    expect([exif?.arraySync(), resize?.arraySync()].map((each) => (each as unknown as string[])[0])).toEqual([
      'apply',
      'pad',
    ]);
  });

  it('is the class activation map where average pooling and a dense layer follow, without what is below 0', () => {
    const { heatmap } = call(none().fill(1));
    const expected = tf.tidy(() => {
      // Before the pooling, and the kernel of the dense layer.
      const inside = tf.model({
        inputs: model.inputs,
        outputs: model.getLayer('out_relu').output as tf.SymbolicTensor,
      });
      const pixels = tf.zeros([1, 32, 24, 3]);
      const [features, kernel] = [inside.apply(pixels) as tf.Tensor4D, model.getLayer('logits').getWeights()[0]];
      const heat = tf.relu(
        tf.sum(tf.mul(features, tf.slice(kernel ?? pixels, [0, 1], [-1, 1]).reshape([-1])), -1, true),
      );
      return tf
        .squeeze(tf.image.resizeBilinear(tf.div(heat, tf.max(heat)) as tf.Tensor4D, [32, 24], false, true))
        .arraySync();
    });
    const black = model.explainImage?.(stringVector([blackPng]), tf.tensor1d([1], 'int32')) ?? { heatmap };
    const difference = tf.max(tf.abs(tf.sub(black.heatmap?.squeeze() ?? 0, expected as number[][]))).dataSync()[0];
    expect(difference).toBeLessThan(1e-5);
  });

  it('refuses a class that the model does not have', () => {
    expect(() => call(none().fill(3))).toThrow('= 3 is not in [0, 3)');
  });

  it('is saved only where it is asked for, and again by a model that is loaded', async () => {
    const plain = new LenetModel({ classNames, seed: 1 });
    const folder = await temporaryFolderForAll();
    await plain.save(path.join(folder, 'plain'));
    const without = await LoadedSavedModel.load(path.join(folder, 'plain'));
    expect(Object.keys(without.signatures)).not.toContain('serving_heatmap');
    expect(Object.keys(loaded.signatures)).toContain('serving_heatmap');
    const again = await loadModel(directory, { modelTypes: { TinyBackboneModel } });
    expect(again.withHeatmap).toBe(true);
    without.dispose();
    plain.dispose();
    again.dispose();
  });
});

describe('the heat map of a head on several stages', () => {
  it('is what all of them give the logit, in the pixels of the finest, without what is below 0', () => {
    const model = new EfficientNetLiteModel({
      classNames,
      seed: 3,
      inputHeight: 64,
      inputWidth: 96,
      headFeatures: 'stages',
      withHeatmap: true,
    });
    const outputs = ['top_activation', 'block4c_activation', 'block5c_activation', 'block6d_activation', 'block7a_activation'].map((name) => model.getLayer(name).output as tf.SymbolicTensor); // prettier-ignore
    const inside = tf.model({ inputs: model.inputs, outputs });
    tf.tidy(() => {
      const maps = inside.apply(tf.zeros([1, 64, 96, 3])) as tf.Tensor4D[];
      const kernel = model.getLayer('logits').getWeights()[0] as tf.Tensor2D;
      let from = 0;
      const parts = maps.map((map) => {
        const channels = map.shape[3];
        const ofClass = tf.slice(kernel, [from, 0], [channels, 1]).reshape([-1]);
        from += channels;
        return tf.image.resizeBilinear(tf.sum(tf.mul(map, ofClass), -1, true) as tf.Tensor4D, [4, 6], false, true);
      });
      const heat = tf.relu(tf.addN(parts));
      const expected = tf.image.resizeBilinear(tf.div(heat, tf.max(heat)) as tf.Tensor4D, [64, 96], false, true);
      const { heatmap } = model.explainImage?.(stringVector([blackPng]), tf.tensor1d([0], 'int32')) ?? {};
      const difference = tf.max(tf.abs(tf.sub(heatmap?.squeeze() ?? 0, tf.squeeze(expected)))).dataSync()[0];
      expect(tf.max(heat).dataSync()[0]).toBeGreaterThan(0);
      expect(difference).toBeLessThan(1e-5);
    });
    model.dispose();
  });
});

/** A black picture of one pixel. */
const blackPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC',
  'base64',
);
