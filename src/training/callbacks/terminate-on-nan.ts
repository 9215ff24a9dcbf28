import { SignetError } from '../../errors.js';
import { Callback, type Logs } from './callback.js';
import type { LineStream } from './support/report.js';
import { standardError } from '../../text/tell.js';

/** Options of `TerminateOnNaN`, after `keras.callbacks.TerminateOnNaN`. */
export interface TerminateOnNaNOptions {
  /**
   * Whether training fails at once with an error, without the other callbacks' `onTrainEnd`, instead of ending as usual.
   *
   * @defaultValue false
   */
  readonly raiseError?: boolean;
  /**
   * Stream for the message that training stops.
   *
   * @defaultValue standard error
   */
  readonly stream?: LineStream;
}

/** Stops training after a step whose loss is NaN or infinite. */
export class TerminateOnNaN extends Callback {
  readonly #options: Required<TerminateOnNaNOptions>;

  constructor(options: TerminateOnNaNOptions = {}) {
    super();
    this.#options = { raiseError: false, stream: standardError(), ...options };
  }

  /** @throws SignetError `TRAINING_STOPPED` with `raiseError`. */
  override onBatchEnd(batch: number, logs: Logs): void {
    const { loss } = logs;
    if (loss === undefined || Number.isFinite(loss)) return;
    if (this.#options.raiseError) {
      throw new SignetError(
        'TRAINING_STOPPED',
        `NaN or Inf loss encountered at batch ${batch}. Loss value: ${loss}. Terminating training immediately. ` +
          'Try a smaller learning rate, or clip the gradients.',
      );
    }
    this.#options.stream.write(`Batch ${batch}: Invalid loss, terminating training\n`);
    this.model.stopTraining = true;
  }
}
