import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { architecture, withEmbedding, withoutEmbedding } from '../fixtures/architectures.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const script = `
import json, sys
import tensorflow as tf
request = json.load(sys.stdin)
x = tf.constant(request['x'], tf.float32)
answers = {}
for name, directory in request['models'].items():
    default = tf.saved_model.load(directory).signatures['serving_default']
    answers[name] = [default(input_tensor=x)['output_0'].numpy().tolist(), default(x)['output_0'].numpy().tolist()]
print(json.dumps(answers))
`;

describe.skipIf(!hasPython())('networks as users write them, trained for an epoch, in Python', () => {
  const architectures = { ...withEmbedding, ...withoutEmbedding };
  const expected = new Map<string, number[][]>();
  let answers: Record<string, number[][][]>;

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    const x = tf.randomUniform<tf.Rank.R4>([6, 8, 8, 3], 0, 255, 'float32', 3);
    const y = tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32');
    const models: Record<string, string> = {};
    for (const [name, build] of Object.entries(architectures)) {
      const model = new (architecture(build))({ classNames: ['ant', 'bee', 'cat'], seed: 1 });
      model.compile({ optimizer: new Adam() });
      // Batches of five images and of one.
      const batches = [[0, 5], [5, 1]].map(([begin = 0, size = 0]) => ({ xs: x.slice(begin, size), ys: y.slice(begin, size) })); // prettier-ignore
      await fit(model, tf.data.array(batches), { epochs: 1, verbose: 0, jit: 'graph' });
      models[name] = path.join(folder, String(expected.size));
      await model.save(models[name]);
      expected.set(name, (model.predictNumpyImage(x) as tf.Tensor2D).arraySync());
      model.dispose();
    }
    answers = (await runPython(script, { models, x: x.arraySync() })) as typeof answers;
  }, 300_000);

  it.each(Object.keys(architectures))('give the same logits, by name and by position: %s', (name) => {
    const logits = expected.get(name);
    expect(logits).toHaveLength(6);
    for (const answer of answers[name] ?? [[]]) {
      const differences = answer.flatMap((row, i) =>
        row.map((value, j) => Math.abs(value - (logits?.[i]?.[j] ?? NaN))),
      );
      expect(differences).toHaveLength(18);
      expect(Math.max(...differences)).toBeLessThan(1e-5);
    }
  });
});
