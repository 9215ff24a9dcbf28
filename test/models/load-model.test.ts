import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { ImageClassifierModel, type ImageClassifierOptions } from '../../src/models/image-classifier-model.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { loadModel } from '../../src/models/load-model.js';
import { findModelType } from '../../src/models/model-types.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import { Servable } from '../../src/signatures/servable.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

class TinyModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    super(options, [8, 8], (images, classes) => {
      const flat = tf.layers.flatten().apply(images);
      return tf.layers.dense({ units: classes }).apply(flat) as tf.SymbolicTensor;
    });
  }
}

class Counter extends Servable {
  readonly #count = tf.variable(tf.scalar(0));
  readonly names = [tf.variable(tf.zeros([2]))];
  readonly current = tfFunction(() => tf.add(this.#count, tf.sum(this.names[0] ?? [])), { inputSignature: {} });

  set(count: number): void {
    this.#count.assign(tf.scalar(count));
    this.names[0]?.assign(tf.tensor1d([count, count]));
  }
}

const images = tf.randomUniform([3, 20, 30, 3], 0, 255, 'float32', 1);
let folder: string;
let directory: string;
let model: LenetModel;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  directory = path.join(folder, '1');
  model = new LenetModel({ classNames: ['ant', 'bee', 'cat'], seed: 7, inputHeight: 32 });
  await model.save(directory);
});

describe('loadModel', () => {
  it('restores the class, its options and its weights, ready to be trained and saved again', async () => {
    const loaded = await loadModel(directory);
    expect(loaded).toBeInstanceOf(LenetModel);
    expect([loaded.classNames, loaded.imageSize]).toEqual([model.classNames, [32, 28]]);
    const expected = Array.from(model.predictNumpyImage(images).dataSync());
    expect(Array.from(loaded.predictNumpyImage(images).dataSync())).toEqual(expected);
    tf.train.sgd(0.1).minimize(() => tf.mean(loaded.predictNumpyImage(images)));
    await loaded.save(path.join(folder, 'again'));
    const again = await loadModel(path.join(folder, 'again'));
    const trained = Array.from(loaded.predictNumpyImage(images).dataSync());
    expect(trained).not.toEqual(expected);
    expect(Array.from(again.predictNumpyImage(images).dataSync())).toEqual(trained);
  });

  it('restores options that one class has', async () => {
    const narrow = new MobileNetModel({
      classNames: ['a', 'b'],
      seed: 1,
      alpha: 0.35,
      inputHeight: 32,
      inputWidth: 32,
    });
    await narrow.save(path.join(folder, 'narrow'));
    const loaded = await loadModel(path.join(folder, 'narrow'));
    expect(loaded.countParams()).toBe(narrow.countParams());
    expect(loaded.predictNumpyImage(images).dataSync()).toEqual(narrow.predictNumpyImage(images).dataSync());
    expect(() => new MobileNetModel({ classNames: ['a', 'b'], alpha: 1e6 })).toThrow('Received: 1000000.');
  });

  it('restores how images are decoded, turned, fitted and smoothed; models from before there was a choice ignore EXIF', async () => {
    const saved = path.join(folder, 'padded');
    const classNames = ['a', 'b'];
    const padded = new LenetModel({
      classNames,
      seed: 1,
      exif: 'ignore',
      decode: 'reduced',
      resize: 'pad',
      antialias: true,
    });
    await padded.save(saved);
    const loaded = await loadModel(saved);
    expect(loaded.preprocessing).toEqual({ exif: 'ignore', decode: 'reduced', resize: 'pad', antialias: true });
    expect(loaded.predictNumpyImage(images).dataSync()).toEqual(padded.predictNumpyImage(images).dataSync());
    expect(model.preprocessing).toEqual({ exif: 'apply', decode: 'full', resize: 'squash', antialias: false });
    const description = { modelType: 'LenetModel', inputHeight: 28, inputWidth: 28 };
    await writeFile(path.join(saved, 'assets.extra', 'signet.json'), JSON.stringify(description));
    expect((await loadModel(saved)).preprocessing).toEqual({
      exif: 'ignore',
      decode: 'full',
      resize: 'squash',
      antialias: false,
    });
  });

  it("restores a user's class that it is given", async () => {
    const tiny = new TinyModel({ classNames: ['a', 'b'], seed: 1 });
    await tiny.save(path.join(folder, 'tiny'));
    await expect(loadModel(path.join(folder, 'tiny'))).rejects.toThrow('{ modelTypes: { TinyModel } }');
    const loaded = await loadModel(path.join(folder, 'tiny'), { modelTypes: { TinyModel } });
    expect(loaded).toBeInstanceOf(TinyModel);
    expect(loaded.predictNumpyImage(images).dataSync()).toEqual(tiny.predictNumpyImage(images).dataSync());
  });

  it.each<[string, (copy: string) => Promise<void>, RegExp]>([
    ['no description', (copy) => rm(path.join(copy, 'assets.extra'), { recursive: true }), /signet.json is missing/],
    ['a damaged description', (copy) => writeFile(path.join(copy, 'assets.extra/signet.json'), '{'), /is damaged/],
    ['an absurd size', (copy) => writeFile(path.join(copy, 'assets.extra/signet.json'), '{"modelType":"LenetModel","inputHeight":1e9,"inputWidth":28}'), /is damaged/],
    ['a name of another object', (copy) => writeFile(path.join(copy, 'assets.extra/signet.json'), '{"modelType":"constructor","inputHeight":32,"inputWidth":28}'), /a class "constructor", which is not known here/],
    ['another size', (copy) => writeFile(path.join(copy, 'assets.extra/signet.json'), '{"modelType":"LenetModel","inputHeight":28,"inputWidth":28}'), /none was restored:\n {2}dense1\/kernel.*Received: dense1\/kernel/],
    ['another class', (copy) => writeFile(path.join(copy, 'assets.extra/signet.json'), '{"modelType":"ResnetModel","inputHeight":32,"inputWidth":32}'), /conv1_conv\/kernel.*Received: conv1\/kernel/],
    ['no class names', (copy) => rm(path.join(copy, 'assets/class_names.txt')), /no assets\/class_names.txt/],
    ['no variables', (copy) => rm(path.join(copy, 'variables'), { recursive: true }), /no variables\/variables.index/],
  ])('refuses a directory with %s', async (what, damage, message) => {
    const copy = path.join(folder, what);
    await cp(directory, copy, { recursive: true });
    await damage(copy);
    const before = tf.memory().numTensors;
    await expect(loadModel(copy)).rejects.toMatchObject({ code: 'INVALID_SAVED_MODEL', message: expect.stringMatching(message) as string }); // prettier-ignore
    expect(tf.memory().numTensors).toBe(before);
  }); // prettier-ignore
});

describe("a model of one's own", () => {
  it('is found in its file, and its class may be given for loading', async () => {
    const Type = await findModelType('examples/custom-model/tiny-model.ts#TinyModel');
    const own = new Type({ classNames: ['a', 'b', 'c'], seed: 2 });
    await own.save(path.join(folder, 'own'));
    const loaded = await loadModel(path.join(folder, 'own'), { modelTypes: { TinyModel: Type } });
    expect(loaded.predictNumpyImage(images).dataSync()).toEqual(own.predictNumpyImage(images).dataSync());
  });

  it('says so when its output is not a row of logits', () => {
    class Unflattened extends ImageClassifierModel {
      constructor(options: ImageClassifierOptions) {
        super(
          options,
          [8, 8],
          (input, classes) => tf.layers.dense({ units: classes }).apply(input) as tf.SymbolicTensor,
        );
      }
    }
    expect(() => new Unflattened({ classNames: ['a', 'b'] })).toThrow(
      '[?, 2]. Received from Unflattened: [?, 8, 8, 2].',
    );
  });
});

describe('Servable.restore', () => {
  it('restores every variable, those in private fields and lists too', async () => {
    const counter = new Counter();
    counter.set(5);
    await counter.save(path.join(folder, 'counter'), { signatures: { serving_default: counter.current } });
    const other = new Counter();
    expect(other.current().dataSync()[0]).toBe(0);
    await other.restore(path.join(folder, 'counter'));
    expect(other.current().dataSync()[0]).toBe(15);
    await expect(other.restore(directory)).rejects.toThrow('none was restored');
    expect(other.current().dataSync()[0]).toBe(15);
  });
});
