import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { largestDifference } from '../helpers/training/optimizer-cases.js';
import { hasPython, runPython } from '../helpers/python/python.js';

/** Five epochs of Keras's fit, one batch each. */
const script = `
import json, sys
import numpy as np, keras
request = json.load(sys.stdin)
x, y = np.array(request['x'], np.float32), np.array(request['y'])
answers = []
for smoothing, weights in request['cases']:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, kernel_initializer='zeros')])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss, jit_compile=False)
    one_hot = keras.utils.to_categorical(y, 3)
    class_weight = {i: w for i, w in enumerate(weights)} if weights else None
    history = model.fit(x, one_hot, batch_size=len(x), epochs=5, shuffle=False, verbose=0, class_weight=class_weight,
                        validation_data=(x, one_hot))
    answers.append({'loss': history.history['loss'], 'val_loss': history.history['val_loss'],
                    'weights': [w.ravel().tolist() for w in model.get_weights()]})
print(json.dumps(answers))
`;

const x = [
  [1, 0, 2],
  [0, -1, 1],
  [3, 1, 0],
  [0, 0, 1],
];
const y = [0, 1, 2, 2];
const cases: readonly (readonly [labelSmoothing: number, classWeight: readonly number[]])[] = [
  [0, []],
  [0.1, []],
  [0, [1, 2, 0.5]],
  [0.3, [4, 0, 1]],
];

interface Answer {
  readonly loss: number[];
  readonly val_loss: number[];
  readonly weights: number[][];
}

async function train(labelSmoothing: number, classWeight: readonly number[]): Promise<Answer> {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], kernelInitializer: 'zeros' })] });
  const loss = (labels: tf.Tensor, logits: tf.Tensor) => sparseCategoricalCrossentropy(labels, logits, labelSmoothing);
  model.compile({ optimizer: new SGD({ learningRate: 0.5 }), loss });
  const dataset = tf.data.generator<tf.TensorContainer>(function* () {
    yield { xs: tf.tensor2d(x), ys: tf.tensor1d(y, 'int32') };
  });
  const options = { epochs: 5, classWeight: Object.fromEntries(classWeight.entries()), validationData: dataset };
  const { history } = await fit(model, dataset, options);
  const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
  return { loss: history.loss as number[], val_loss: history.val_loss as number[], weights };
}

describe.skipIf(!hasPython())('label smoothing and class weights, compared with Keras', () => {
  it('give the same losses and weights', async () => {
    const answers = (await runPython(script, { x, y, cases })) as Answer[];
    for (const [i, [labelSmoothing, classWeight]] of cases.entries()) {
      const expected = answers[i] ?? { loss: [], val_loss: [], weights: [] };
      const received = await train(labelSmoothing, classWeight);
      expect(largestDifference([received.loss, received.val_loss], [expected.loss, expected.val_loss])).toBeLessThan(
        1e-5,
      );
      expect(largestDifference(received.weights, expected.weights)).toBeLessThan(1e-5);
    }
  });
});
