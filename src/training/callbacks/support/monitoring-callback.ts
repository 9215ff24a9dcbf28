import { Callback } from '../callback.js';
import { Monitor, type MonitorOptions } from './monitor.js';

/** A callback that watches one value of the logs. */
export abstract class MonitoringCallback extends Callback {
  protected readonly monitor: Monitor;

  protected constructor(options: MonitorOptions) {
    super();
    this.monitor = new Monitor(options);
  }

  /** @throws SignetError `INVALID_ARGUMENT` if the training has no such value. */
  override onTrainBegin(): void {
    this.monitor.check(this.params);
  }
}
