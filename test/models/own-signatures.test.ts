import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ImageClassifierModel, type ImageClassifierOptions } from '../../src/models/image-classifier-model.js';
import { loadModel } from '../../src/models/load-model.js';
import { stringVector } from '../../src/ops/strings.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const classNames = ['ant', 'bee', 'cat'];
const files = { inputSignature: { files: tensorSpec('string', [null]) } };

/** `lead`, float32 [n]: how much more probable the best class is than the second one. */
class Leading extends ImageClassifierModel {
  readonly predictLead = tfFunction((bytes: tf.Tensor) => ({ lead: this.leadOf(bytes) }), files);
  readonly #hidden = tfFunction((bytes: tf.Tensor) => ({ doubled: tf.mul(this.leadOf(bytes), 2) }), files);

  constructor(options: ImageClassifierOptions) {
    super(options, [8, 8], (_, classes) => [
      tf.layers.rescaling({ scale: 1 / 255 }),
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: classes }),
    ]);
  }

  leadOf(bytes: tf.Tensor): tf.Tensor {
    const { probability } = this.predictLabels(bytes) as { probability: tf.Tensor2D };
    const [best, second] = tf.split(tf.slice(probability, [0, 0], [-1, 2]), 2, -1);
    return tf.reshape(tf.sub(best as tf.Tensor, second as tf.Tensor), [-1]);
  }

  protected override ownSignatures() {
    return { ...super.ownSignatures(), serving_lead: this.predictLead, serving_doubled: this.#hidden };
  }
}

describe("signatures of a subclass's own", () => {
  let folder: string;
  let bytes: tf.Tensor;
  let model: Leading;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    bytes = stringVector(await encodedImages());
    model = new Leading({ classNames, seed: 3, withHeatmap: true });
  });

  afterAll(() => model.dispose());

  /** Saves the model; returns what its signatures give, by their key. */
  async function served(version: number): Promise<Record<string, number[]>> {
    const directory = path.join(folder, String(version));
    await model.save(directory);
    const loaded = await LoadedSavedModel.load(directory);
    const [count = 0] = bytes.shape;
    const best = { image_bytes_string: bytes, class_index: tf.fill([count], -1, 'int32') };
    const answers = {
      lead: loaded.call('serving_lead', { files: bytes }).lead,
      doubled: loaded.call('serving_doubled', { files: bytes }).doubled,
      heat: loaded.call('serving_heatmap', best).probability,
      best: loaded.call('serving_labels', { image_bytes_string: bytes }).probability?.slice([0, 0], [-1, 1]),
    };
    loaded.dispose();
    return Object.fromEntries(Object.entries(answers).map(([key, value]) => [key, [...(value?.dataSync() ?? [])]]));
  }

  function expectClose(received: readonly number[] = [], expected: readonly number[] = []): void {
    expect(received).toHaveLength(expected.length);
    received.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
  }

  it('are served as they compute here, and follow a temperature that is set later, as heat maps do', async () => {
    const before = await served(1);
    const lead = [...model.leadOf(bytes).dataSync()];
    expectClose(before.lead, lead);
    expectClose(before.doubled, lead.map((value) => 2 * value)); // prettier-ignore

    model.setConfidence({ temperature: 4 });
    const after = await served(2);
    const cooler = [...model.leadOf(bytes).dataSync()];
    expect(Math.max(...cooler)).toBeLessThan(Math.max(...lead));
    expectClose(after.lead, cooler);
    expectClose(after.doubled, cooler.map((value) => 2 * value)); // prettier-ignore
    expectClose(after.heat, after.best);
    expectClose(before.heat, before.best);
  });

  it('are there again in a model that is loaded', async () => {
    await model.save(path.join(folder, '3'));
    const again = await loadModel(path.join(folder, '3'), { modelTypes: { Leading } });
    expect(Object.keys(again.signatures)).toEqual(Object.keys(model.signatures));
    expect(Object.keys(again.signatures)).toEqual(expect.arrayContaining(['serving_labels', 'serving_lead']));
    again.dispose();
  });

  it('may not take the name of one that every classifier has, before the model is trained', () => {
    class Taking extends Leading {
      protected override ownSignatures() {
        return { ...super.ownSignatures(), serving_known: this.predictLead };
      }
    }
    const taking = new Taking({ classNames });
    expect(() => taking.traceFunctions()).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: ownSignatures() gives serving_known, which is a signature of every classifier. Give it another name. Taken: serving_default, serving_bytes, serving_uint8, serving_base64, serving_labels, serving_embedding, serving_heatmap, serving_known, serving_classify.]`,
    );
    taking.dispose();
  });
});
