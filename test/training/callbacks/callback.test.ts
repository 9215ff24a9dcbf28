import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { Callback, type Logs } from '../../../src/training/callbacks/callback.js';
import { CallbackList } from '../../../src/training/callbacks/callback-list.js';
import { EarlyStopping } from '../../../src/training/callbacks/early-stopping.js';
import { fit } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

/** Notes every hook that is called; the odd ones take their time. */
class Recorder extends Callback {
  constructor(
    private readonly name: string,
    private readonly calls: string[],
  ) {
    super();
  }

  override onTrainBegin(): void {
    this.#note(`train begins, ${this.params.epochs} epochs of ${this.params.metrics?.join()}`);
  }

  override async onTrainEnd(): Promise<void> {
    await this.#noteLater('train ends');
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    await this.#noteLater(`epoch ${epoch} begins`);
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.#note(`epoch ${epoch} ends ${typesOf(logs)}`);
  }

  override onBatchBegin(batch: number, logs: Logs): void {
    this.#note(`batch ${batch} begins ${typesOf(logs)}`);
  }

  override async onBatchEnd(batch: number, logs: Logs): Promise<void> {
    await this.#noteLater(`batch ${batch} ends ${typesOf(logs)}`);
  }

  #note(call: string): void {
    this.calls.push(`${this.name}: ${call}`);
  }

  async #noteLater(call: string): Promise<void> {
    await new Promise(setImmediate);
    this.#note(call);
  }
}

function typesOf(logs: Logs): string {
  const entries = Object.entries(logs).map(([name, value]) => `${name}: ${typeof value}`);
  return entries.sort().join(', ');
}

describe('Callback', () => {
  it('is called in order, one hook after another, with numbers', async () => {
    const calls: string[] = [];
    const callbacks = [new Recorder('a', calls), new Recorder('b', calls)];
    await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks });
    const hooks = [
      'train begins, 1 epochs of loss',
      'epoch 0 begins',
      'batch 0 begins batch: number, size: number',
      'batch 0 ends batch: number, loss: number, size: number',
      'epoch 0 ends loss: number',
      'train ends',
    ];
    expect(calls).toEqual(hooks.flatMap((hook) => [`a: ${hook}`, `b: ${hook}`]));
  });

  it("may stand among TF.js's own and plain objects; what one adds to the logs, the next ones and the history see", async () => {
    const seen: unknown[] = [];
    const doubling = new (class extends tf.Callback {
      override async onEpochEnd(_: number, logs?: tf.Logs): Promise<void> {
        seen.push(this.model instanceof tf.LayersModel);
        if (logs) logs.twice = 2 * (logs.once ?? NaN);
        return Promise.resolve();
      }
    })();
    const callbacks = [
      { onEpochEnd: (epoch: number, logs: Logs) => void (logs.once = epoch + 1) },
      doubling,
      new tf.CustomCallback({ onEpochEnd: (_, logs) => void seen.push(logs?.twice) }),
    ];
    const before = tf.memory().numTensors;
    const model = tinyModel(new Adam());
    const { history } = await fit(model, tinyDataset(1), { epochs: 2, callbacks });
    expect(history).toMatchObject({ once: [1, 2], twice: [2, 4] });
    expect(history.loss?.map((loss) => typeof loss)).toEqual(['number', 'number']);
    expect(seen).toEqual([true, 2, true, 4]);
    model.dispose();
    model.optimizer.dispose();
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(0);
  });

  it('says so when there is no training', () => {
    expect(() => new EarlyStopping().model).toThrow(
      'EarlyStopping has no model before a training begins: give it to `fit` as one of its callbacks.',
    );
  });
});

describe('CallbackList', () => {
  it("makes callbacks fit TF.js's own training loops", async () => {
    const model = tinyModel(tf.train.sgd(0.1), tf.metrics.categoricalCrossentropy);
    const stopping = new EarlyStopping({ monitor: 'loss', mode: 'max' });
    const [images, labels] = [tf.ones([4, 3]), tf.ones([4, 2])];
    const { epoch } = await model.fit(images, labels, {
      epochs: 9,
      verbose: 0,
      callbacks: new CallbackList([stopping]),
    });
    expect([epoch.length, stopping.stoppedEpoch]).toEqual([2, 1]);
    tf.dispose([images, labels]);
  });
});
