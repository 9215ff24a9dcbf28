import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it, vi } from 'vitest';

import { buildModel } from '../../../src/commands/build-model/run.js';
import { startFromWeights } from '../../../src/commands/train-model/trainable-model.js';
import { loadKerasWeights } from '../../../src/models/keras/load-keras-weights.js';
import { loadModel } from '../../../src/models/load-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { denseToWrite, layersToWrite, writeNestedWeights } from '../../helpers/models/write-nested-weights.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const tiny = (seed: number) => new TinyBackboneModel({ classNames: ['a', 'b'], seed });
const valuesOf = (model: tf.LayersModel, layer: string) =>
  model.getLayer(layer).getWeights().map((weight) => Array.from(weight.dataSync())); // prettier-ignore
const backboneLayers = (model: tf.LayersModel) =>
  model.layers.filter(({ name, weights }) => weights.length > 0 && name !== 'logits').map(({ name }) => name);

let folder: string;
let source: TinyBackboneModel;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  source = tiny(4);
  // Moments that no fresh model has.
  for (const { weights } of source.layers) {
    for (const weight of weights) weight.write(tf.tidy(() => weight.read().add(tf.randomUniform(weight.shape as number[], 0, 1)))); // prettier-ignore
  }
});

/** Writes the source's backbone, within a model, with another head. */
async function written(name: string, head: Parameters<typeof writeNestedWeights>[2]): Promise<string> {
  const file = path.join(folder, name);
  await writeNestedWeights(file, layersToWrite(source, ['logits']), head);
  return file;
}

describe('a network whose backbone is a model in it, with another head', () => {
  it.each(['nested.weights.h5', 'nested.keras', 'nested.h5'])('gives its backbone from %s', async (name) => {
    const model = tiny(1);
    const before = valuesOf(model, 'logits');
    const result = await loadKerasWeights(model, await written(name, [denseToWrite('dense_12', 32, 5)]));
    expect(result).toEqual({ loaded: backboneLayers(model), kept: ['logits'], leftAside: ['dense_12'], by: 'name' });
    for (const layer of result.loaded) expect(valuesOf(model, layer)).toEqual(valuesOf(source, layer));
    expect(valuesOf(model, 'logits')).toEqual(before);
  });

  it('gives its backbone where both are attributes of a subclassed model', async () => {
    const model = tiny(1);
    const file = path.join(folder, 'class.weights.h5');
    await writeNestedWeights(file, layersToWrite(source, ['logits']), [denseToWrite('dense_12', 32, 5)], {
      isSubclassed: true,
    });
    const result = await loadKerasWeights(model, file);
    expect(result).toEqual({ loaded: backboneLayers(model), kept: ['logits'], leftAside: ['dense_12'], by: 'name' });
    for (const layer of result.loaded) expect(valuesOf(model, layer)).toEqual(valuesOf(source, layer));
  });

  it('is reported with what was left aside, several layers too', async () => {
    const lines = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const file = await written('two.weights.h5', [denseToWrite('fc1', 32, 16), denseToWrite('predictions', 16, 3)]);
    await startFromWeights(tiny(1), file);
    const text = lines.mock.calls.join('').replace(folder, 'FOLDER');
    lines.mockRestore();
    expect(text).toMatchInlineSnapshot(`
      "FOLDER/two.weights.h5: weights of 10 layers; logits starts from random weights; not used: fc1, predictions
      "
    `);
  });

  it('gives no head of the same name with other classes, and none by order', async () => {
    const model = tiny(1);
    const file = await written('same-name.h5', [denseToWrite('logits', 32, 7)]);
    expect(await loadKerasWeights(model, file)).toMatchObject({ kept: ['logits'], leftAside: ['logits'] });
    const renamed = layersToWrite(source, ['logits']).map((layer, i) => ({ ...layer, name: `layer_${i}` }));
    const byOrder = path.join(folder, 'by-order.h5');
    await writeNestedWeights(byOrder, renamed, [denseToWrite('dense', 32, 7)]);
    expect(await loadKerasWeights(model, byOrder)).toMatchObject({
      kept: ['logits'],
      leftAside: ['dense'],
      by: 'order',
    });
    expect(valuesOf(model, 'Conv_1_bn')).toEqual(valuesOf(source, 'Conv_1_bn'));
  });

  it('is refused where a layer of the backbone is missing, is of another shape or is there twice', async () => {
    const all = layersToWrite(source, ['logits', 'Conv1', 'bn_Conv1']);
    const other = denseToWrite('Conv1', 2, 2);
    const file = path.join(folder, 'wrong.weights.h5');
    await writeNestedWeights(file, [...all, other, ...all.slice(-1)], [denseToWrite('dense', 32, 2)]);
    const error = await loadKerasWeights(tiny(1), file).catch((reason: unknown) => reason);
    expect(String(error).replace(folder, 'FOLDER')).toMatchInlineSnapshot(`
      "SignetError: FOLDER/wrong.weights.h5 cannot be used: its layers are not the model's:
        Conv1: expected [3, 3, 3, 8]. Received: [2, 2] [2]
        bn_Conv1: missing
        Conv_1_bn: the file has 2 layers of this name
        dense: the model has no such layer
      Give a weight file of Keras for this architecture: .weights.h5, .keras, the .h5 that Keras Applications publishes, or a SavedModel."
    `);
  });

  it('is refused where nothing in it fits', async () => {
    const head = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [32] })] });
    const file = await written('nothing.weights.h5', [denseToWrite('dense', 32, 5)]);
    await expect(loadKerasWeights(head, file)).rejects.toThrow('Conv1: the model has no such layer');
  });
});

describe('build-model of a network whose head has a name that Keras gave it', () => {
  const modelType = 'test/helpers/models/tiny-backbone-model.ts#TinyBackboneModel';
  const build = async (weights: string, names: string) => {
    const labels = path.join(folder, 'labels.txt');
    await writeFile(labels, names);
    return buildModel({ modelType, weights, labels, modelFolder: path.join(folder, 'models') });
  };

  it.each(['head.keras', 'head.h5'])('takes the only dense layer after the backbone of %s', async (name) => {
    const head = denseToWrite('dense_3', 32, 3);
    const { directory } = await build(await written(name, [head]), 'x\ny\nz\n');
    const built = await loadModel(directory, { modelTypes: { TinyBackboneModel } });
    expect(valuesOf(built, 'logits')).toEqual(head.weights.map(({ values }) => Array.from(values)));
    expect(valuesOf(built, 'block_16_project_BN')).toEqual(valuesOf(source, 'block_16_project_BN'));
  });

  it('refuses another number of labels, and a second dense layer', async () => {
    const file = await written('classes.keras', [denseToWrite('dense_3', 32, 3)]);
    await expect(build(file, 'x\ny\n')).rejects.toThrow('has 3 classes in its layer "dense_3"');
    const two = await written('two.keras', [denseToWrite('dense_1', 32, 8), denseToWrite('dense_2', 8, 3)]);
    await expect(build(two, 'x\ny\nz\n')).rejects.toThrow(/logits: missing\n {2}dense_1: the model has no such layer/);
  });
});
