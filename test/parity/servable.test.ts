import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { Everything, movedExport } from '../helpers/models/everything.js';
import { hasPython, runPython } from '../helpers/python/python.js';

const x = tf.tensor2d([[1, 2, 3], [0, 5, -1]]); // prettier-ignore

describe.skipIf(!hasPython())('a Servable', () => {
  it('is for Python the object that it is here', async () => {
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
