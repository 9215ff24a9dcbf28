import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { Everything, movedExport } from '../helpers/models/everything.js';
import { serializedExamples } from '../helpers/data/serialized-examples.js';

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
});
