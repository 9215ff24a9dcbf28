import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { chooseConfidence } from '../../src/evaluation/confidence/choose-confidence.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { mulberry32 } from '../helpers/data/mulberry32.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const script = `
import base64, json, sys
import numpy as np, tensorflow as tf
request = json.load(sys.stdin)
model = tf.saved_model.load(request['directory'])
images = tf.constant([base64.b64decode(each) for each in request['images']])
known = model.signatures['serving_known'](image_bytes_string=images)
embedding = model.signatures['serving_embedding'](image_bytes_string=images)['embedding'].numpy()
logits = model.signatures['serving_bytes'](image_bytes_string=images)['output_0'].numpy() / request['temperature']
softmax = lambda x: np.exp(x - x.max(1, keepdims=True)) / np.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True)
centroids = model.known_centroids.numpy()
distance = 1 - (embedding / np.linalg.norm(embedding, axis=1, keepdims=True) @ centroids.T).max(1)
settings = request['known']
near = 1 - (distance - settings['typicalDistance']) / (2 * (settings['farDistance'] - settings['typicalDistance']))
score = softmax(logits / 3).max(1) * np.clip(near, 0, 1)
outputs = {name: value.numpy().tolist() for name, value in known.items() if name != 'class_name'}
expected = {'confidence': softmax(logits).max(1).tolist(), 'distance': distance.tolist(), 'known_score': score.tolist()}
print(json.dumps({'outputs': outputs, 'expected': expected}))
`;

interface Answer {
  readonly outputs: Readonly<Record<string, number[]>>;
  readonly expected: Readonly<Record<'confidence' | 'distance' | 'known_score', number[]>>;
}

describe.skipIf(!hasPython())('serving_known', () => {
  it('is what Python TensorFlow computes by the embedding, the centroids and the logits', async () => {
    const model = new LenetModel({ classNames: ['ape', 'bee', 'cat'], seed: 3 });
    const random = mulberry32(5);
    const [n, features] = [60, model.features ?? 0];
    const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
    const embeddings = Float32Array.from({ length: n * features }, () => random());
    // Far too sure, so that there is a temperature.
    const logits = Float32Array.from({ length: n * 3 }, () => 20 * random());
    const { temperature, known } = chooseConfidence(
      model,
      { train: { embeddings, labels }, validation: { embeddings, labels, logits } },
      { targetAccuracy: 0.01 },
    );
    expect(temperature).not.toBe(1);
    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    const images = await encodedImages();
    const request = {
      directory,
      temperature,
      known,
      images: images.map((each) => Buffer.from(each).toString('base64')),
    };
    const { outputs, expected } = (await runPython(script, request)) as Answer;
    for (const [name, values] of Object.entries(expected)) expectClose(outputs[name], values);
    const bytes = stringVector(images);
    const eager = model.recognizeImage?.(bytes) as unknown as Record<string, tf.Tensor1D>;
    for (const name of Object.keys(expected)) expectClose(eager[name]?.arraySync(), outputs[name] ?? []);
    expect(outputs.is_known).toEqual(expected.known_score.map((score) => score >= (known?.threshold ?? NaN)));
    expect(outputs.is_sure?.length).toBe(images.length);
    tf.dispose([bytes, eager]);
    model.dispose();
  });
});

function expectClose(actual: readonly number[] | undefined, expected: readonly number[]): void {
  expect(actual?.length).toBe(expected.length);
  actual?.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
}
