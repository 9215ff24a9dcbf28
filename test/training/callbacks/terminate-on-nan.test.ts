import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { TerminateOnNaN } from '../../../src/training/callbacks/terminate-on-nan.js';
import { fit } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { Lines, tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

/** 1 divided by 0, once there are values: a trace has none. */
function infiniteLater(_labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.div(tf.mean(tf.square(tf.sub(logits, 1)), -1), tf.scalar(0)));
}

describe('TerminateOnNaN', () => {
  it('stops after the step whose loss is not a number, with the other callbacks told', async () => {
    const said = new Lines();
    const ended: string[] = [];
    const other = new (class extends tf.Callback {
      override async onBatchEnd(batch: number): Promise<void> {
        ended.push(`batch ${batch}`);
        return Promise.resolve();
      }
      override async onTrainEnd(): Promise<void> {
        ended.push('training');
        return Promise.resolve();
      }
    })();
    const callbacks = [new TerminateOnNaN({ stream: said }), other];
    const model = tinyModel(new Adam(), infiniteLater);
    const { epoch } = await fit(model, tinyDataset(4), { epochs: 5, callbacks });
    expect(said.text).toBe('Batch 0: Invalid loss, terminating training\n');
    expect(ended).toEqual(['batch 0', 'training']);
    expect(epoch).toEqual([0]);
  });

  it('fails at once with raiseError', async () => {
    const callbacks = [new TerminateOnNaN({ raiseError: true })];
    await expect(fit(tinyModel(new Adam(), infiniteLater), tinyDataset(), { epochs: 1, callbacks })).rejects.toThrow(
      'NaN or Inf loss encountered at batch 0. Loss value: Infinity. Terminating training immediately. Try a smaller learning ' +
        'rate, or clip the gradients.',
    );
  });

  it('leaves a training with numbers alone', async () => {
    const { epoch } = await fit(tinyModel(new Adam()), tinyDataset(), { epochs: 2, callbacks: [new TerminateOnNaN()] });
    expect(epoch).toEqual([0, 1]);
  });
});
