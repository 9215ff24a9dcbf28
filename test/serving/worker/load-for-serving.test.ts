import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { mapFn } from '../../../src/ops/map-fn.js';
import { decodeImage } from '../../../src/ops/decode-image.js';
import type { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { loadForServing } from '../../../src/serving/worker/load-for-serving.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

class Counter extends Servable {
  readonly calls = tf.variable(tf.scalar(0), false);
  readonly count = tfFunction(
    (x: tf.Tensor) => {
      this.calls.assign(tf.add(this.calls, 1));
      return { sum: tf.add(tf.sum(x), this.calls) };
    },
    { inputSignature: { x: tensorSpec('float32', [null, 4]) } },
  );
}

/** Has enough weights to be worth a comparison. */
class Wide extends Servable {
  readonly kernel = tf.variable(tf.fill([4, 70_000], 0.5), false);
  readonly project = tfFunction(
    (x: tf.Tensor) => ({ sum: tf.sum(tf.matMul(x as tf.Tensor2D, this.kernel as tf.Tensor2D), 1) }),
    { inputSignature: { x: tensorSpec('float32', [null, 4]) } },
  );
}

/** Takes strings alone, so it cannot be called on zeros. */
class Means extends Servable {
  readonly means = tfFunction(
    (pictures: tf.Tensor) => ({ mean: mapFn((bytes: tf.Tensor) => decodeImage(bytes).mean(), pictures) }),
    { inputSignature: { pictures: tensorSpec('string', [null]) } },
  );
}

async function load(directory: string): Promise<LoadedSavedModel> {
  const model = await loadForServing(directory);
  onTestFinished(() => model.dispose());
  return model;
}

describe('loading a model for serving', () => {
  it('gives a model that computes as it was saved', async () => {
    const model = await load(await saveScale(await temporaryFolder(), 3));
    const x = { dtype: 'float32', shape: [1, 2], values: Float32Array.of(2, 5) } as const;
    expect(model.callValues('serving_default', { x }, ['y'])).toEqual({ y: { ...x, values: Float32Array.of(6, 15) } });
  });

  it('leaves its variables as they were saved, though it was called to be measured', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const counter = new Counter();
    await counter.save(directory, { signatures: { serving_default: counter.count } });
    const model = await load(directory);
    const x = { dtype: 'float32', shape: [1, 4], values: new Float32Array(4) } as const;
    const sum = () => model.callValues('serving_default', { x }).sum?.values;
    expect([sum(), sum()]).toEqual([Float32Array.of(1), Float32Array.of(2)]);
  });

  it('compares constants with variables where there are many weights, and computes the same', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const wide = new Wide();
    await wide.save(directory, { signatures: { serving_default: wide.project } });
    const told: string[] = [];
    const model = await loadForServing(directory, (message) => told.push(message));
    onTestFinished(() => model.dispose());
    expect(told).toEqual([
      expect.stringMatching(
        /^computes with (?:constants instead of )?its variables: a call takes [\d.]+ ms, [\d.]+ ms the other way\.$/,
      ),
    ]);
    const x = { dtype: 'float32', shape: [1, 4], values: Float32Array.of(1, 2, 3, 4) } as const;
    expect(model.callValues('serving_default', { x }).sum?.values).toEqual(Float32Array.of(350_000));
  });

  it('loads one that takes strings alone', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const servable = new Means();
    await servable.save(directory, { signatures: { means: servable.means } });
    const { signatures } = await load(directory);
    expect(Object.keys(signatures)).toContain('means');
  });

  it("says what is wrong with a directory in the loader's words", async () => {
    await expect(loadForServing(await temporaryFolder())).rejects.toHaveProperty('code', 'INVALID_SAVED_MODEL');
  });
});
