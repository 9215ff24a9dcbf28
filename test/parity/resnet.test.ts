import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { ResnetModel } from '../../src/models/resnet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { setKerasWeights } from '../helpers/models/keras-weights.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const script = `
import base64, json, sys
import tensorflow as tf
request = json.load(sys.stdin)
images = tf.constant([base64.b64decode(image) for image in request['images']])
signatures = tf.saved_model.load(request['model']).signatures
pixels = tf.reshape(tf.constant(request['pixels'], tf.float32), [2, 40, 50, 3])
print(json.dumps({
    'bytes': signatures['serving_bytes'](image_bytes_string=images)['output_0'].numpy().tolist(),
    'default': signatures['serving_default'](input_tensor=pixels)['output_0'].numpy().tolist(),
}))
`;

describe.skipIf(!hasPython())('an exported ResNet50V2', () => {
  it('gives Python TensorFlow the logits that it gives here, frozen as it is trained', async () => {
    const options = { classNames: ['ape', 'bee', 'cat'], dropout: 0.5, fineTuneFrom: 'conv5_block1_preact_bn' };
    const model = new ResnetModel(options);
    setKerasWeights(model, (values, shape) => tf.tensor(values, shape));
    const directory = path.join(await temporaryFolder(), 'ResnetModel', '1');
    await model.save(directory);
    const images = await encodedImages();
    const pixels = Array.from({ length: 2 * 40 * 50 * 3 }, (_, i) => (7 * i + (i % 31) * (i % 17)) % 256);
    const base64 = images.map((image) => Buffer.from(image).toString('base64'));
    const answer = (await runPython(script, { model: directory, images: base64, pixels })) as Record<
      string,
      number[][]
    >;
    const expected = {
      bytes: model.predictBytesImage(stringVector(images)),
      default: model.predictNumpyImage(tf.tensor(pixels, [2, 40, 50, 3])),
    };
    for (const [road, logits] of Object.entries(expected)) {
      const here = Array.from(logits.dataSync());
      const largest = Math.max(...here.map(Math.abs));
      expect(largest).toBeGreaterThan(0.1);
      expect(answer[road]?.flat()).toHaveLength(here.length);
      answer[road]
        ?.flat()
        .forEach((value, i) => expect(Math.abs(value - (here[i] ?? NaN))).toBeLessThan(1e-4 * largest));
    }
  });
});
