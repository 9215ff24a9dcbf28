import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type CallableModel, recognizeImages } from '../../../src/client/classify-images.js';
import { chooseConfidence } from '../../../src/evaluation/confidence/choose-confidence.js';
import type { ConfidenceSamples } from '../../../src/evaluation/confidence/confidence-samples.js';
import { mostCentroids } from '../../../src/models/classifier/known-images.js';
import { ImageClassifierModel, type ImageClassifierOptions } from '../../../src/models/image-classifier-model.js';
import { loadModel } from '../../../src/models/load-model.js';
import { stringVector } from '../../../src/ops/strings.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const classNames = ['ape', 'bee'];

class TinyModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    const { dense, flatten } = tf.layers;
    super(options, [4, 4], (_, classes) => [
      flatten(),
      dense({ units: 20, activation: 'relu' }),
      dense({ units: classes }),
    ]);
  }
}

/** Images of two classes, whose embeddings point in two directions. */
function madeUp(n: number, features: number, sharpness: number): ConfidenceSamples {
  const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
  const embeddings = Float32Array.from({ length: n * features }, (_, i) => {
    const [image, feature] = [Math.floor(i / features), i % features];
    return (feature % 2 === image % 2 ? 1 : 0) + 0.2 * Math.sin(i * 12.9898 + image);
  });
  // One in seven is mistaken, however sure the logits are.
  const logits = Float32Array.from({ length: n * 2 }, (_, i) => {
    const image = Math.floor(i / 2);
    const isMistaken = image % 7 === 3;
    return (i % 2 === image % 2) === isMistaken ? 0 : sharpness;
  });
  return { train: { embeddings, labels }, validation: { embeddings, labels, logits } };
}

describe('chooseConfidence', () => {
  let folder: string;
  let model: TinyModel;
  let images: Uint8Array[];

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    images = await encodedImages();
    model = new TinyModel({ classNames, seed: 1 });
  });

  afterAll(() => void model.dispose());

  it('takes a temperature where the model is too sure, and none where it is not', () => {
    const { temperature } = chooseConfidence(model, madeUp(200, 20, 8), { unknown: false });
    // At log(6) six of seven are right.
    expect(8 / temperature).toBeCloseTo(Math.log(6), 1);
    expect(model.confidence).toEqual({ temperature });
    expect(model.recognizeImage).toBeNull();
    const { temperature: none } = chooseConfidence(model, madeUp(21, 20, Math.log(6)), { unknown: false });
    expect(none).toBe(1);
    expect(model.confidence).toEqual({});
  });

  it('knows 95 % of the validation, and finds the threshold of an accuracy', () => {
    const samples = madeUp(200, 20, 8);
    const { known, sure } = chooseConfidence(model, samples, { targetAccuracy: 0.8 });
    expect(known?.centroids).toBe(mostCentroids(model, 20, 2));
    expect(sure?.accuracy).toBeGreaterThanOrEqual(0.8);
    expect(chooseConfidence(model, samples, { targetAccuracy: 1 }).sure).toBeNull();
  });

  it('keeps centroids of no more than 5 % of the weights', () => {
    const bytes = 4 * model.countParams();
    expect(mostCentroids(model, 20, 2) * 20 * 4).toBeLessThanOrEqual(0.05 * bytes);
    expect(mostCentroids(model, 100_000, 2)).toBe(0);
  });

  it('decides by the confidence alone without embeddings, and of a multi-label model not at all', () => {
    const samples = madeUp(40, 0, 2);
    expect(chooseConfidence(model, samples).known).toMatchObject({ centroids: 0 });
    expect(model.knownCentroids).toBeNull();
    const multiLabel = new TinyModel({ classNames, seed: 1, multiLabel: true });
    const labels = Int32Array.from({ length: 80 }, (_, i) => i % 2);
    const several = { train: { ...samples.train, labels }, validation: { ...samples.validation, labels } };
    expect(chooseConfidence(multiLabel, several)).toEqual({ temperature: 1, sure: null, known: null });
    multiLabel.dispose();
  });

  it('is saved with the model and restored, in every signature that gives probabilities', async () => {
    const before = tf.memory().numTensors;
    chooseConfidence(model, madeUp(200, 20, 8), { targetAccuracy: 0.8 });
    const { temperature = 1 } = model.confidence;
    expect(temperature).toBeGreaterThan(2);
    const directory = path.join(folder, 'TinyModel', '1');
    await model.save(directory);
    const again = await loadModel(directory, { modelTypes: { TinyModel } });
    expect(again.confidence).toEqual(model.confidence);
    const loaded = await LoadedSavedModel.load(directory);
    const bytes = stringVector(images);
    const { output_0 } = loaded.call('serving_bytes', { image_bytes_string: bytes });
    const expected = tf.tidy(
      () => tf.max(tf.softmax(tf.div(output_0 ?? bytes, temperature)), 1).arraySync() as number[],
    );
    const outputs = loaded.call('serving_known', { image_bytes_string: bytes });
    expect(Object.keys(outputs).toSorted()).toMatchInlineSnapshot(`
      [
        "class_index",
        "class_name",
        "confidence",
        "distance",
        "is_known",
        "is_sure",
        "known_score",
        "probability",
      ]
    `);
    const [confidence, probability, distance] = [outputs.confidence, outputs.probability, outputs.distance].map((each) => each?.arraySync()); // prettier-ignore
    (confidence as number[]).forEach((each, i) => expect(each).toBeCloseTo(expected[i] ?? NaN, 5));
    (probability as number[][]).forEach(([best = NaN], i) => expect(best).toBeCloseTo(expected[i] ?? NaN, 5));
    const eager = again.recognizeImage?.(bytes) as unknown as Record<string, tf.Tensor>;
    (eager.distance?.arraySync() as number[]).forEach((each, i) =>
      expect(each).toBeCloseTo((distance as number[])[i] ?? NaN, 5),
    );
    const call: CallableModel['call'] = (key, inputs) => Promise.resolve(loaded.callValues(key, inputs));
    const callable = { name: 'TinyModel', signatures: loaded.signatures, call };
    const [first] = await recognizeImages(callable, images, 1);
    expect(first?.labels.length).toBe(1);
    expect(first).toMatchObject({ isKnown: expect.any(Boolean) as boolean, isSure: expect.any(Boolean) as boolean });
    tf.dispose([bytes, output_0, outputs, eager] as tf.TensorContainer);
    loaded.dispose();
    again.dispose();
    // The centroids are the model's own.
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1);
  });
});
