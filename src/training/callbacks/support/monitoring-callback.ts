import * as tf from '../../../tensorflow/tf.js';
import { Monitor, type MonitorOptions } from './monitor.js';

/** A callback that watches one value of the logs. */
export abstract class MonitoringCallback extends tf.Callback {
  protected readonly monitor: Monitor;
  /** The model, once its training has begun. */
  protected trained: tf.LayersModel | null = null;

  protected constructor(options: MonitorOptions) {
    super();
    this.monitor = new Monitor(options);
  }

  override setModel(model: Parameters<tf.Callback['setModel']>[0]): void {
    super.setModel(model);
    this.trained = model as unknown as tf.LayersModel;
  }

  override async onTrainBegin(): Promise<void> {
    this.monitor.check(this.params);
    return Promise.resolve();
  }
}
