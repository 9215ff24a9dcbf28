import { cp, rm } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { NotFrozen } from '../../../src/saved-model/freeze/freeze-graph.js';
import { withFrozenCopy } from '../../../src/saved-model/freeze/frozen-copy.js';
import { findServedGraph, readSavedModel } from '../../../src/saved-model/read/read-saved-model.js';
import { LoadedSavedModel, type LoadOptions } from '../../../src/saved-model/run/load-saved-model.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

async function load(directory: string, options?: LoadOptions): Promise<LoadedSavedModel> {
  const model = await LoadedSavedModel.load(directory, options);
  onTestFinished(() => model.dispose());
  return model;
}

class Layers extends Servable {
  readonly kernel = tf.variable(tf.tensor2d([[1, 2], [3, 4]]), false); // prettier-ignore
  readonly bias = tf.variable(tf.tensor1d([10, 20]), false);
  readonly calls = tf.variable(tf.scalar(0), false);
  readonly dense = tfFunction(
    (x: tf.Tensor) => ({ y: tf.add(tf.matMul(x as tf.Tensor2D, this.kernel as tf.Tensor2D), this.bias) }),
    { inputSignature: { x: tensorSpec('float32', [null, 2]) } },
  );
  /** Calls the other, and reads the same variable itself. */
  readonly twice = tfFunction((x: tf.Tensor) => ({ y: tf.add(this.dense(this.dense(x).y).y, this.bias) }), {
    inputSignature: { x: tensorSpec('float32', [null, 2]) },
  });
  readonly count = tfFunction(
    (x: tf.Tensor) => {
      this.calls.assign(tf.add(this.calls, 1));
      return { y: tf.add(x, this.calls) };
    },
    { inputSignature: { x: tensorSpec('float32', [null, 2]) } },
  );
}

const x = { dtype: 'float32', shape: [1, 2], values: Float32Array.of(1, -1) } as const;

describe('a model with constants instead of variables', () => {
  it('computes the same, through functions that call each other, and needs no variables', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const layers = new Layers();
    await layers.save(directory, { signatures: { serving_default: layers.dense, twice: layers.twice } });
    const copy = path.join(await temporaryFolder(), '1');
    await withFrozenCopy(directory, findServedGraph(await readSavedModel(directory), directory), (folder) => cp(folder, copy, { recursive: true }));
    await rm(path.join(directory, 'variables'), { recursive: true });
    const model = await load(copy);
    expect(model.callValues('serving_default', { x }).y?.values).toEqual(Float32Array.of(8, 18));
    // [8, 18] · kernel + bias + bias
    expect(model.callValues('twice', { x }).y?.values).toEqual(Float32Array.of(8 + 54 + 20, 16 + 72 + 40));
  }); // prettier-ignore

  it('classifies as before by every signature, and finds its files', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    await new LenetModel({ classNames: ['ape', 'bee', 'cat'], seed: 3 }).save(directory);
    const plain = await load(directory);
    const constant = await load(directory, { areVariablesConstant: true });
    const images = await encodedImages();
    const files = { dtype: 'string', shape: [images.length], values: images } as const;
    for (const key of ['serving_bytes', 'serving_labels'] as const) {
      const [expected, given] = [plain, constant].map((model) => model.callValues(key, { image_bytes_string: files }));
      for (const [name, value] of Object.entries(expected ?? {})) expectClose(given?.[name], value);
    }
  });

  it('is not made of one that changes its variables', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const layers = new Layers();
    await layers.save(directory, { signatures: { serving_default: layers.dense, count: layers.count } });
    const loading = LoadedSavedModel.load(directory, { areVariablesConstant: true });
    await expect(loading).rejects.toThrow(new NotFrozen('a signature changes its state (AssignVariableOp)'));
  });

  it('is not made of one without variables', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const servable = new (class extends Servable {
      readonly double = tfFunction((x: tf.Tensor) => ({ y: tf.mul(x, 2) }), { inputSignature: { x: tensorSpec('float32', [null]) } });
    })();
    await servable.save(directory, { signatures: { serving_default: servable.double } });
    await expect(LoadedSavedModel.load(directory, { areVariablesConstant: true })).rejects.toThrow('it has no variables');
  }); // prettier-ignore
});

function expectClose(given: TensorValue | undefined, expected: TensorValue): void {
  expect(given).toMatchObject({ dtype: expected.dtype, shape: expected.shape });
  const numbers = (values: TensorValue['values']) => Array.from(values as Float32Array, Number);
  if (expected.dtype === 'string') expect(given?.values).toEqual(expected.values);
  else numbers(expected.values).forEach((value, i) => expect(numbers(given?.values ?? [])[i]).toBeCloseTo(value, 5));
}
