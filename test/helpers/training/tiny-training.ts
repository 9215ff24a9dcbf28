import { Dropout } from '../../../src/models/classifier/dropout.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { sparseCategoricalCrossentropy } from '../../../src/training/losses.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { Callback, type Logs } from '../../../src/training/callbacks/callback.js';

/** A model that trains in an instant: one dense layer from 3 numbers to 2 classes, always from the same weights. */
export function tinyModel(optimizer: tf.Optimizer, loss = sparseCategoricalCrossentropy): tf.LayersModel {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], kernelInitializer: 'zeros' })] });
  model.compile({ optimizer, loss });
  return model;
}

/** A model whose two dropout layers have the same seed and drop other units in every step. */
export function droppingModel(): tf.LayersModel {
  const dropout = () => new Dropout({ rate: 0.4, seed: 5 });
  const hidden = tf.layers.dense({
    units: 16,
    inputShape: [3],
    kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
  });
  const last = tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }) });
  const model = tf.sequential({ layers: [hidden, dropout(), dropout(), last] });
  model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: sparseCategoricalCrossentropy });
  return model;
}

/** Batches of 4 rows, the same in every epoch, whose classes the model learns. */
export function tinyDataset(batches = 2): tf.data.Dataset<tf.TensorContainer> {
  return tf.data.generator(function* () {
    for (let i = 0; i < batches; i += 1) {
      const xs = tf.tensor2d([1, 0, i, 0, 1, -i, 1, 1, 0, 0, 0, 1], [4, 3]);
      yield { xs, ys: tf.tensor1d([0, 1, 0, 1], 'int32') };
    }
  });
}

/** Puts made-up values into the logs of the epochs, for the callbacks after it. */
export class ScriptedLogs extends Callback {
  constructor(
    private readonly name: string,
    private readonly values: readonly number[],
  ) {
    super();
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    const value = this.values[epoch];
    if (value !== undefined) logs[this.name] = value;
  }
}

/** Lines that callbacks printed. */
export class Lines {
  text = '';

  write(text: string): void {
    this.text += text;
  }
}
