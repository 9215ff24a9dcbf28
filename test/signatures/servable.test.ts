import { readFile, rename } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { lookUpLabel } from '../../src/ops/labels.js';
import { parseExample } from '../../src/ops/parse-example.js';
import { readFile as readAsset } from '../../src/ops/read-file.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { Servable } from '../../src/signatures/servable.js';
import * as tf from '../../src/tensorflow/tf.js';
import { asset } from '../../src/tracing/asset.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { serializedExamples } from '../helpers/data/serialized-examples.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const rows = { inputSignature: { x: tensorSpec('float32', [null, 3]) } };

class Scaler extends Servable {
  readonly scale = tf.variable(tf.tensor1d([1, 10, 100]));
  readonly words = asset({ name: 'words.txt', content: 'inner\n' });
  readonly apply = tfFunction((x: tf.Tensor) => tf.mul(x, this.scale), rows);
  readonly word = tfFunction(() => readAsset(this.words), { inputSignature: {} });
}

/** A Servable with all that one can hold: nested servables, one of them twice, a layers model, lists, assets of one name. */
class Everything extends Servable {
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

async function movedExport(servable: Everything): Promise<string> {
  const folder = await temporaryFolder();
  await servable.export(path.join(folder, '1'));
  await rename(path.join(folder, '1'), path.join(folder, 'moved'));
  return path.join(folder, 'moved');
}

const x = tf.tensor2d([[1, 2, 3], [0, 5, -1]]); // prettier-ignore

describe('a Servable', () => {
  it('serves signatures that choose and name results, of every method', async () => {
    const servable = new Everything();
    const directory = await movedExport(servable);
    const model = await LoadedSavedModel.load(directory);
    const { scaled, total } = servable.predict(x);
    const served = model.call('serving_default', { x });
    expect(served.scaled?.arraySync()).toEqual(scaled.arraySync());
    expect(served.total?.arraySync()).toEqual(total.arraySync());
    expect(model.call('total', { x }).answer?.arraySync()).toEqual(total.arraySync());
    expect(Object.keys(model.signature('total').outputs)).toEqual(['answer']);
    expect(model.call('word', { x }).word?.arraySync()).toEqual(['two', 'one']);
    const inputs = serializedExamples([{ x: [1, 2, 3] }]);
    expect(model.call('regress', { inputs }).outputs?.arraySync()).toEqual([6]);
    expect(Object.keys(model.call('classify', { inputs }))).toEqual(['scores']);
    expect(Object.values(model.signatures).map(({ method }) => method)).toEqual([
      ...Array.from({ length: 3 }, () => 'tensorflow/serving/predict'),
      'tensorflow/serving/classify',
      'tensorflow/serving/regress',
    ]);
    model.dispose();
  });

  it('traces each function once, however often it is exported and however many signatures it has', async () => {
    const servable = new Everything();
    await movedExport(servable);
    await movedExport(servable);
    expect([servable.predict, servable.rate, servable.scaler.apply].map((fn) => fn.traceCount)).toEqual([1, 1, 1]);
  });

  it('keeps two assets of one name apart', async () => {
    const directory = await movedExport(new Everything());
    const contents = await Promise.all(
      ['words.txt', 'words_1.txt', 'words_2.txt'].map((name) => readFile(path.join(directory, 'assets', name), 'utf8')),
    );
    expect(contents.sort()).toEqual(['inner\n', 'inner\n', 'zero\none\ntwo\n']);
  });

  it.skipIf(!hasPython())('is for Python the object that it is here', async () => {
    const servable = new Everything();
    const directory = await movedExport(servable);
    const { scaled, total } = servable.predict(x);
    const answer = await runPython(
      `
import json, sys, os
import tensorflow as tf
request = json.load(sys.stdin)
model = tf.saved_model.load(request['directory'])
x = tf.constant(request['x'], tf.float32)
predicted = model.predict(x)
print(json.dumps({
    'scaled': predicted['scaled'].numpy().tolist(),
    'total': predicted['total'].numpy().tolist(),
    'by keyword': model.predict(x=x)['total'].numpy().tolist(),
    'nested': model.scaler.apply(x).numpy().tolist(),
    'one object': model.scaler is getattr(model.scalers, '0'),
    'another object': model.scaler is not getattr(model.scalers, '1'),
    'scale': model.scaler.scale.numpy().tolist(),
    'bias is trainable': model.bias.trainable,
    'weights of the network': [v.shape.as_list() for v in model.network.variables],
    'variables': len(model.variables),
    'word': model.scaler.word().numpy().decode(),
    'largest': [word.decode() for word in model.largest_word(x).numpy()],
    'asset': os.path.relpath(model.words.asset_path.numpy().decode(), request['directory']),
    'signatures': sorted(model.signatures),
}))
`,
      { directory, x: x.arraySync() },
    );
    expect(answer).toEqual({
      scaled: scaled.arraySync(),
      total: total.arraySync(),
      'by keyword': total.arraySync(),
      nested: servable.scaler.apply(x).arraySync(),
      'one object': true,
      'another object': true,
      scale: [1, 10, 100],
      'bias is trainable': false,
      'weights of the network': [[3, 2], [2]],
      variables: 6,
      word: 'inner\n',
      largest: ['two', 'one'],
      asset: expect.stringMatching(/^assets\/words/) as string,
      signatures: ['classify', 'regress', 'serving_default', 'total', 'word'],
    }); // prettier-ignore
  });
});
