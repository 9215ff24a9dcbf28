import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { createRandom } from '../../src/data/dataset/random.js';
import type { ImageClassifierModel } from '../../src/models/image-classifier-model.js';
import { loadKerasWeights } from '../../src/models/keras/load-keras-weights.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { kerasImage, setKerasWeights } from '../helpers/models/keras-weights.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const fixtures = 'test/fixtures/keras';
const lenet = () => new LenetModel({ classNames: Array.from('0123456789'), seed: 9 });
const mobileNet = () =>
  new MobileNetModel({ classNames: ['a', 'b'], seed: 9, alpha: 0.35, inputHeight: 96, inputWidth: 96 });
const valuesOf = (model: tf.LayersModel, layer?: string) =>
  (layer ? model.getLayer(layer).getWeights() : model.getWeights()).map((weight) => Array.from(weight.dataSync()));

describe('loadKerasWeights', () => {
  it.each<[string, () => ImageClassifierModel, readonly string[]]>([
    ['lenet.legacy.h5', lenet, []],
    ['lenet.weights.h5', lenet, []],
    ['lenet.keras', lenet, []],
    ['mobilenetv2_035.legacy.h5', mobileNet, ['logits']],
    ['mobilenetv2_035.weights.h5', mobileNet, ['logits']],
  ])('%s gives the weights that Keras saved', async (file, make, kept) => {
    const model = make();
    const head = valuesOf(model, 'logits');
    const expected = make();
    setKerasWeights(expected, (values, shape) => tf.tensor(values, shape));
    const result = await loadKerasWeights(model, path.join(fixtures, file));
    expect(result.kept).toEqual(kept);
    for (const layer of result.loaded) expect(valuesOf(model, layer)).toEqual(valuesOf(expected, layer));
    if (kept.length > 0) expect(valuesOf(model, 'logits')).toEqual(head);
  });

  it('goes by order where a legacy file has other names, as those of MobileNetV2 and InceptionV3 do', async () => {
    const saved = lenet();
    const file = await legacyFile(saved, (_, i) => `layer_${i + 1}`);
    const model = new LenetModel({ classNames: Array.from('0123456789'), seed: 1 });
    const result = await loadKerasWeights(model, file);
    expect(result).toEqual({
      loaded: ['conv1', 'conv2', 'conv3', 'dense1', 'logits'],
      kept: [],
      leftAside: [],
      by: 'order',
    });
    expect(valuesOf(model)).toEqual(valuesOf(saved));
    const other = new LenetModel({ classNames: ['a', 'b'], seed: 1 });
    const strict = { keep: [], skipMismatch: false };
    await expect(loadKerasWeights(other, file, strict)).rejects.toThrow('conv1: missing');
    expect(await loadKerasWeights(other, file)).toMatchObject({
      kept: ['logits'],
      leftAside: ['layer_5'],
      by: 'order',
    });
    const headless = await legacyFile(saved, (_, i) => `layer_${i + 1}`, ['logits']);
    expect(await loadKerasWeights(other, headless)).toMatchObject({ kept: ['logits'], by: 'order' });
    expect(valuesOf(other, 'dense1')).toEqual(valuesOf(saved, 'dense1'));
  });

  it('takes the weights of a SavedModel, and its head when that is wanted', async () => {
    const saved = mobileNet();
    const directory = path.join(await temporaryFolder(), '1');
    await saved.save(directory);
    const model = new MobileNetModel({ classNames: ['a', 'b'], seed: 1, alpha: 0.35, inputHeight: 64, inputWidth: 64 });
    const head = valuesOf(model, 'logits');
    const { kept, by } = await loadKerasWeights(model, directory, { ignore: ['logits'] });
    expect([kept, by]).toEqual([['logits'], 'name']);
    expect(valuesOf(model, 'logits')).toEqual(head);
    expect(valuesOf(model, 'block_16_depthwise_BN')).toEqual(valuesOf(saved, 'block_16_depthwise_BN'));
    expect((await loadKerasWeights(model, directory)).kept).toEqual([]);
    expect(valuesOf(model)).toEqual(valuesOf(saved));
  });

  it('lists all that differs in a SavedModel, and leaves the model as it was', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    await mobileNet().save(directory);
    const model = lenet();
    const before = valuesOf(model);
    await expect(loadKerasWeights(model, directory)).rejects.toThrow(
      /cannot be used: its layers are not the model's:\n {2}conv1: missing\n[^]*dense1: missing\n[^]* {2}Conv1: the model has no/,
    );
    await rm(path.join(directory, 'variables', 'variables.data-00000-of-00001'));
    await expect(loadKerasWeights(mobileNet(), directory)).rejects.toMatchObject({ code: 'INVALID_SAVED_MODEL' });
    await expect(loadKerasWeights(model, fixtures)).rejects.toThrow('is not a SavedModel');
    expect(valuesOf(model)).toEqual(before);
  });

  it('keeps a head of other classes, unless nothing may differ', async () => {
    const model = new LenetModel({ classNames: ['a', 'b'], seed: 2 });
    const before = valuesOf(model, 'logits');
    const file = `${fixtures}/lenet.legacy.h5`;
    await expect(loadKerasWeights(model, file, { keep: [], skipMismatch: false })).rejects.toThrow(
      /logits: expected \[84, 2\] \[2\]\. Received: \[84, 10\] \[10\]/,
    );
    expect(await loadKerasWeights(model, file)).toMatchObject({ kept: ['logits'], leftAside: ['logits'], by: 'name' });
    expect(valuesOf(model, 'logits')).toEqual(before);
  });

  it('computes with them what Keras computes', async () => {
    const { output_values } = JSON.parse(await readFile(`${fixtures}/lenet.json`, 'utf8')) as {
      output_values: number[][];
    };
    const model = lenet();
    await loadKerasWeights(model, `${fixtures}/lenet.keras`);
    const logits = model.predictNumpyImage(tf.tensor(kerasImage(28, 28), [1, 28, 28, 3])).dataSync();
    output_values.flat().forEach((value, i) => expect(Math.abs(value - (logits[i] ?? NaN))).toBeLessThan(1e-4));
  });

  it.each<[string, () => Promise<string>, () => tf.LayersModel, RegExp]>([
    ['a file that is not there', () => Promise.resolve('gone.h5'), lenet, /gone\.h5 does not exist/],
    ['another architecture', () => Promise.resolve(`${fixtures}/mobilenetv2_035.weights.h5`), lenet, /conv1: missing\n[^]*dense1: missing\n[^]*Conv1: the model has no such layer/],
    ['another width', () => Promise.resolve(`${fixtures}/mobilenetv2_035.legacy.h5`), () => new MobileNetModel({ classNames: ['a', 'b'], inputHeight: 96, inputWidth: 96 }), /Conv1: expected \[3, 3, 3, 32\]\. Received: \[3, 3, 3, 16\]\n/],
    ['text', () => written('x.h5', Buffer.from('no weights at all')), lenet, /not an HDF5 file/],
    ['an empty file', () => written('x.weights.h5', Buffer.alloc(0)), lenet, /not an HDF5 file/],
    ['half a file', async () => written('x.h5', (await readFile(`${fixtures}/lenet.legacy.h5`)).subarray(0, 200_000)), lenet, /damaged/],
    ['an archive that is none', () => written('x.keras', Buffer.from('PK nothing')), lenet, /not an archive of Keras/],
    ['an archive without weights', () => written('x.keras', zipSync({ 'config.json': Buffer.from('{}') })), lenet, /has no model\.weights\.h5/],
    ['an archive that claims to be huge', () => hugeArchive(), lenet, /claims 4000000000 bytes/],
  ])('refuses %s, and leaves the model as it was', async (_, makeFile, make, message) => {
    const model = make();
    const before = valuesOf(model);
    const file = await makeFile();
    const tensors = tf.memory().numTensors;
    await expect(loadKerasWeights(model, file)).rejects.toMatchObject({ code: 'INVALID_WEIGHTS', message: expect.stringMatching(message) as string }); // prettier-ignore
    expect(valuesOf(model)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  }); // prettier-ignore

  it(
    'answers damage anywhere in a file with an error or the right shapes, never with a crash',
    { timeout: 300_000 },
    async () => {
      const bytes = await readFile(`${fixtures}/lenet.weights.h5`);
      const random = createRandom(3);
      for (let i = 0; i < 60; i += 1) {
        const damaged = Buffer.from(bytes);
        // The structure is at the beginning and at the end; nothing in a file shows that a weight is not the one that was saved.
        const at = Math.floor(random() * (i % 2 === 0 ? 4096 : damaged.length));
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 + Math.floor(random() * 255)), at);
        const file = await written(`damaged-${i}.weights.h5`, damaged);
        const model = lenet();
        await loadKerasWeights(model, file).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'INVALID_WEIGHTS' });
        });
        model.dispose();
      }
    },
  );
});

/** Writes the weights of all layers but some to a file in Keras's legacy layout, with the layers renamed. */
async function legacyFile(
  model: tf.LayersModel,
  rename: (name: string, i: number) => string,
  without: readonly string[] = [],
): Promise<string> {
  const { default: h5 } = await import('h5wasm/node');
  await h5.ready;
  const file = path.join(await temporaryFolder(), 'legacy.h5');
  const h5file = new h5.File(file, 'w');
  const layers = model.layers.filter(({ name, weights }) => weights.length > 0 && !without.includes(name));
  h5file.create_attribute('layer_names', layers.map(({ name }, i) => rename(name, i))); // prettier-ignore
  for (const [i, layer] of layers.entries()) {
    const group = h5file.create_group(rename(layer.name, i));
    group.create_attribute('weight_names', layer.weights.map((_, k) => `weight_${k}:0`)); // prettier-ignore
    for (const [k, weight] of layer.getWeights().entries()) {
      group.create_dataset({ name: `weight_${k}:0`, data: weight.dataSync() as Float32Array, shape: weight.shape });
    }
  }
  h5file.close();
  return file;
}

async function written(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(await temporaryFolder(), name);
  await writeFile(file, bytes);
  return file;
}

/** Writes an archive whose directory claims that its entry unpacks to 4 GB. */
async function hugeArchive(): Promise<string> {
  const file = path.join(await temporaryFolder(), 'huge.keras');
  const bytes = Buffer.from(zipSync({ 'model.weights.h5': Buffer.alloc(1000, 7) }));
  // The central directory's entry: signature PK\x01\x02, the uncompressed size 24 bytes on.
  bytes.writeUInt32LE(4_000_000_000, bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 24);
  await writeFile(file, bytes);
  return file;
}
