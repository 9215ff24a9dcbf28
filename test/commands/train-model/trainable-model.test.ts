import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { startFromWeights } from '../../../src/commands/train-model/trainable-model.js';
import { loadKerasWeights } from '../../../src/models/keras/load-keras-weights.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { MobileNetModel } from '../../../src/models/mobile-net-model.js';
import { serveFile } from '../../helpers/servers/file-server.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const fixture = 'test/fixtures/keras/mobilenetv2_035.legacy.h5';
const make = (classNames: readonly string[] = ['a', 'b'], seed = 2) =>
  new MobileNetModel({ classNames, alpha: 0.35, inputHeight: 32, inputWidth: 32, seed });
const valuesOf = (model: MobileNetModel, layer: string) =>
  model.getLayer(layer).getWeights().map((each) => Array.from(each.dataSync())); // prettier-ignore

afterEach(() => vi.unstubAllEnvs());

describe('BackboneModel.pretrained', () => {
  it('makes a model of its class with the weights of a file', async () => {
    const options = { classNames: ['a', 'b'], alpha: 0.35, inputHeight: 32, inputWidth: 32, seed: 2 } as const;
    const model = await MobileNetModel.pretrained({ ...options, freezeBackbone: true }, { weights: fixture });
    const expected = make();
    await loadKerasWeights(expected, fixture);
    expect(model).toBeInstanceOf(MobileNetModel);
    expect(valuesOf(model, 'Conv_1')).toEqual(valuesOf(expected, 'Conv_1'));
    expect(model.description.options).toMatchObject({ alpha: 0.35, freezeBackbone: true });
    await expect(MobileNetModel.pretrained(options, { weights: 'gone.h5' })).rejects.toHaveProperty('code', 'INVALID_WEIGHTS');
  }); // prettier-ignore
});

describe('startFromWeights', () => {
  it('takes published weights by name, from a mirror, once', async () => {
    const content = await readFile(fixture);
    const { url, requests } = await serveFile(() => content);
    const cache = await temporaryFolder();
    vi.stubEnv('SIGNET_WEIGHTS_URL', url);
    vi.stubEnv('SIGNET_CACHE', cache);
    const expected = make();
    await loadKerasWeights(expected, fixture);
    for (let i = 0; i < 2; i += 1) {
      const model = make();
      await startFromWeights(model, 'imagenet');
      expect(valuesOf(model, 'Conv_1')).toEqual(valuesOf(expected, 'Conv_1'));
    }
    const name = 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5';
    expect(requests).toEqual([`/mobilenet_v2/${name}`]);
    expect(await readFile(path.join(cache, 'weights', name))).toEqual(content);
    await expect(startFromWeights(new LenetModel({ classNames: ['a', 'b'] }), 'imagenet')).rejects.toThrow('"imagenet" for LenetModel'); // prettier-ignore
  });

  it("keeps a trained model's head for the same classes, and no other", async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const trained = make(['b', 'a'], 5);
    await loadKerasWeights(trained, fixture);
    await trained.save(directory);
    const [same, others] = [make(['b', 'a']), make(['a', 'b'])];
    for (const model of [same, others]) await startFromWeights(model, directory);
    expect(valuesOf(same, 'logits')).toEqual(valuesOf(trained, 'logits'));
    expect(valuesOf(others, 'logits')).toEqual(valuesOf(make(['a', 'b']), 'logits'));
    expect(valuesOf(others, 'Conv_1')).toEqual(valuesOf(trained, 'Conv_1'));
  });
});
