import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadKerasWeights } from '../../src/models/keras/load-keras-weights.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Exports a network of Keras Applications under a head with dropout, which keeps a random state. */
const script = `
import json, sys
import keras, tensorflow as tf
request = json.load(sys.stdin)
backbone = keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, include_top=False, weights=None, pooling='avg')
backbone.load_weights(request['weights'])
images = keras.Input((96, 96, 3))
logits = keras.layers.Dense(3, name='logits')(keras.layers.Dropout(0.5)(backbone(images, training=False)))
model = keras.Model(images, logits)
model.compile('adam', 'mse')
model.export(request['exported'], verbose=False)
flat = keras.Model(backbone.input, keras.layers.Dense(3, name='logits')(backbone.output))
tf.saved_model.save(flat, request['saved'])
print(json.dumps({}))
`;

describe.skipIf(!hasPython())('a SavedModel of Keras', () => {
  it('gives its weights, by the names of its layers', async () => {
    const weights = 'test/fixtures/keras/mobilenetv2_035.legacy.h5';
    const folder = await temporaryFolder();
    const [exported, saved] = [path.join(folder, 'exported'), path.join(folder, 'saved')];
    await runPython(script, { weights, exported, saved });
    const make = () =>
      new MobileNetModel({ classNames: ['a', 'b', 'c'], alpha: 0.35, inputHeight: 96, inputWidth: 96, seed: 3 });
    const expected = make();
    const { loaded } = await loadKerasWeights(expected, weights);
    for (const directory of [exported, saved]) {
      const model = make();
      expect((await loadKerasWeights(model, directory)).kept).toEqual([]);
      for (const layer of loaded) {
        const values = (of: MobileNetModel) => of.getLayer(layer).getWeights().map((each) => Array.from(each.dataSync())); // prettier-ignore
        expect(values(model)).toEqual(values(expected));
      }
    }
  });
});
