import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { findHead } from '../../../src/models/classifier/find-head.js';
import { loadKerasWeights } from '../../../src/models/keras/load-keras-weights.js';
import { MobileNetModel } from '../../../src/models/mobile-net-model.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { writeLegacyWeights } from '../../helpers/models/write-legacy-weights.js';

const options = { classNames: ['ant', 'bee', 'cat'], alpha: 0.35, inputHeight: 32, inputWidth: 32 };

describe('includeTop', () => {
  it('gives the last layer its name in Keras Applications, so that it takes published weights', async () => {
    const source = new MobileNetModel({ ...options, includeTop: true, seed: 1 });
    const file = path.join(await temporaryFolder(), 'published.h5');
    await writeLegacyWeights(source, file);
    const kernel = (model: MobileNetModel) => model.layers.at(-1)?.getWeights()[0]?.dataSync();

    const withTop = new MobileNetModel({ ...options, includeTop: true, seed: 2 });
    expect((await loadKerasWeights(withTop, file)).loaded).toContain('predictions');
    expect(kernel(withTop)).toEqual(kernel(source));

    const own = new MobileNetModel({ ...options, seed: 3 });
    const before = kernel(own);
    expect((await loadKerasWeights(own, file)).kept).toEqual(['logits']);
    expect(kernel(own)).toEqual(before);
  });

  it("takes MobileNetV2's published weights too, whose older names end with `Logits`; a head of one's own leaves that alone", async () => {
    const source = new MobileNetModel({ ...options, includeTop: true, seed: 1 });
    const file = path.join(await temporaryFolder(), 'published.h5');
    await writeLegacyWeights(source, file, (name) => (name === 'predictions' ? 'Logits' : `mobl${name}`));
    const logits = { name: 'Logits', classes: 3 };
    expect(await findHead(file)).toEqual({ head: logits, dense: [logits] });
    const weights = (model: MobileNetModel, layer: string) => model.getLayer(layer).getWeights().map((each) => each.dataSync()); // prettier-ignore

    const withTop = new MobileNetModel({ ...options, includeTop: true, seed: 2 });
    expect(await loadKerasWeights(withTop, file)).toMatchObject({ by: 'order', kept: [] });
    expect(weights(withTop, 'predictions')).toEqual(weights(source, 'predictions'));

    for (const classNames of [['ant', 'bee'], options.classNames]) {
      const own = new MobileNetModel({ ...options, classNames, seed: 3 });
      const before = weights(own, 'logits');
      expect(await loadKerasWeights(own, file)).toMatchObject({ by: 'order', kept: ['logits'] });
      expect(weights(own, 'logits')).toEqual(before);
      expect(weights(own, 'Conv_1')).toEqual(weights(source, 'Conv_1'));
    }
  });

  it('belongs to the head: it is trained over a frozen backbone', () => {
    const model = new MobileNetModel({ ...options, includeTop: true, freezeBackbone: true });
    const trained = model.layers.filter(({ trainable, weights }) => trainable && weights.length > 0);
    expect(trained.map(({ name }) => name)).toEqual(['predictions']);
  });
});
