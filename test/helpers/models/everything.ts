import { rename } from 'node:fs/promises';
import path from 'node:path';

import { lookUpLabel } from '../../../src/ops/labels.js';
import { parseExample } from '../../../src/ops/parse-example.js';
import { readFile as readAsset } from '../../../src/ops/read-file.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { asset } from '../../../src/tracing/asset.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { temporaryFolder } from '../temporary-folder.js';

const rows = { inputSignature: { x: tensorSpec('float32', [null, 3]) } };

class Scaler extends Servable {
  readonly scale = tf.variable(tf.tensor1d([1, 10, 100]));
  readonly words = asset({ name: 'words.txt', content: 'inner\n' });
  readonly apply = tfFunction((x: tf.Tensor) => tf.mul(x, this.scale), rows);
  readonly word = tfFunction(() => readAsset(this.words), { inputSignature: {} });
}

/** A Servable with everything that a Servable can have: nested servables, one of them twice, a layers model, lists, assets with the same name. */
export class Everything extends Servable {
  readonly scaler = new Scaler();
  readonly scalers = [this.scaler, new Scaler()];
  readonly bias = tf.variable(tf.tensor1d([0.5, 0.5, 0.5]), false);
  readonly network = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [3], kernelInitializer: 'ones', name: 'dense' })],
  });
  readonly words = asset({ name: 'words.txt', content: 'zero\none\ntwo\n' });
  readonly #secret = tf.variable(tf.scalar(7));

  readonly predict = tfFunction((x: tf.Tensor) => {
    const scaled = tf.add(this.scaler.apply(x), this.bias);
    const total = this.network.apply(scaled) as tf.Tensor;
    return { scaled, total: tf.add(total, this.#secret) };
  }, rows);

  readonly largestWord = tfFunction((x: tf.Tensor) => lookUpLabel(tf.argMax(x, -1), this.words), rows);

  readonly rate = tfFunction(
    (inputs: tf.Tensor) => {
      const { x } = parseExample(inputs, { x: { dtype: 'float32', shape: [3] } });
      return { sum: tf.sum(x, 1), soft: tf.softmax(x) };
    },
    { inputSignature: { inputs: tensorSpec('string', [null]) } },
  );

  async export(directory: string): Promise<void> {
    await this.save(directory, {
      signatures: {
        serving_default: this.predict,
        total: { function: this.predict, outputs: { answer: 'total' } },
        word: { function: this.largestWord, outputs: 'word' },
        classify: { function: this.rate, method: 'classify', outputs: { scores: 'soft' } },
        regress: { function: this.rate, method: 'regress', outputs: { outputs: 'sum' } },
      },
    });
  }
}

/** Saves it and moves the directory, which is removed after the test. */
export async function movedExport(servable: Everything): Promise<string> {
  const folder = await temporaryFolder();
  await servable.export(path.join(folder, '1'));
  await rename(path.join(folder, '1'), path.join(folder, 'moved'));
  return path.join(folder, 'moved');
}
