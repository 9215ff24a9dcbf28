import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { LenetModel } from '../../src/models/lenet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { kerasImage, setKerasWeights } from '../helpers/models/keras-weights.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

interface KerasFixture {
  readonly parameters: number;
  readonly layers: readonly {
    readonly name: string;
    readonly variables: readonly { name: string; shape: number[] }[];
  }[];
  readonly intermediate: Readonly<Record<string, { readonly first: readonly number[] }>>;
  readonly output_values: readonly (readonly number[])[];
}

const fixture = JSON.parse(await readFile('test/fixtures/keras/lenet.json', 'utf8')) as KerasFixture;
const digits = Array.from('0123456789');

describe('LenetModel', () => {
  it("computes what Keras computes with Keras's weights, eager and from the SavedModel", async () => {
    const model = new LenetModel({ classNames: digits });
    setKerasWeights(model, (values, shape) => tf.tensor(values, shape));
    const image = tf.tensor(kerasImage(28, 28), [1, 28, 28, 3]);
    expect(model.countParams()).toBe(fixture.parameters);
    const expected = fixture.output_values.flat();
    expectClose(model.predictNumpyImage(image), expected);

    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    const loaded = await LoadedSavedModel.load(directory);
    expectClose(loaded.call('serving_default', { input_tensor: image }).output_0, expected);
    loaded.dispose();
  });

  it.each(fixture.layers.map(({ name, variables }) => [name, variables] as const))(
    'has the variables of Keras in %s',
    (name, variables) => {
      const { weights } = new LenetModel({ classNames: digits }).getLayer(name);
      expect(weights.map(({ shape }) => shape)).toEqual(variables.map(({ shape }) => shape));
    },
  );

  it.each(Object.entries(fixture.intermediate).filter(([name]) => /^(conv|dense|logits)/.test(name)))(
    'agrees with Keras after %s',
    (name, { first }) => {
      const model = new LenetModel({ classNames: digits });
      setKerasWeights(model, (values, shape) => tf.tensor(values, shape));
      const part = tf.model({ inputs: model.inputs, outputs: model.getLayer(name).output });
      const output = part.predict(tf.tensor(kerasImage(28, 28), [1, 28, 28, 3])) as tf.Tensor;
      expectClose(tf.slice(output.flatten(), [0], [first.length]), first);
    },
  );

  it('draws the same weights from the same seed, and others from another', () => {
    const weights = (seed: number) =>
      new LenetModel({ classNames: digits, seed })
        .getWeights()
        .map((weight) => Array.from(weight.dataSync().slice(0, 5)));
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it('gives equal logits by both signatures, whatever is in the batch with a picture', async () => {
    const model = new LenetModel({ classNames: digits, seed: 3 });
    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    const loaded = await LoadedSavedModel.load(directory);
    const images = await encodedImages();
    const together = loaded.call('serving_bytes', { image_bytes_string: stringVector(images) }).output_0;
    const alone = images.map(
      (image) => loaded.call('serving_bytes', { image_bytes_string: stringVector([image]) }).output_0 as tf.Tensor2D,
    );
    expectClose(together, Array.from(tf.concat(alone).dataSync()));
    loaded.dispose();
  });

  it('refuses a single class', () => {
    expect(() => new LenetModel({ classNames: ['cat'] })).toThrow('A classifier has at least 2 classes. Received: 1.');
  });

  it('leaves no tensor behind when it is saved', async () => {
    const model = new LenetModel({ classNames: digits });
    const folder = await temporaryFolder();
    await model.save(path.join(folder, '1'));
    const before = tf.memory().numTensors;
    await model.save(path.join(folder, '2'));
    await new LenetModel({ classNames: digits }).save(path.join(folder, '3')).then(() => undefined);
    expect(tf.memory().numTensors - before).toBe(10);
  });
});

function expectClose(actual: tf.Tensor | undefined, expected: readonly number[]): void {
  const values = Array.from(actual?.dataSync() ?? []);
  expect(values).toHaveLength(expected.length);
  values.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-4));
}
