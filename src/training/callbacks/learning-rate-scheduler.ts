import { SignetError } from '../../errors.js';
import { Callback, type Logs } from './callback.js';
import { Report, type ReportOptions, shortNumber } from './support/report.js';

/** Computes the learning rate of an epoch, counted from 0, from the previous rate. */
export type EpochSchedule = (epoch: number, learningRate: number) => number;

/**
 * Sets the learning rate before every epoch, after `keras.callbacks.LearningRateScheduler`, and adds it to the logs.
 *
 * @example
 * ```ts
 * new LearningRateScheduler((epoch, learningRate) => (epoch < 10 ? learningRate : learningRate * Math.exp(-0.1)));
 * ```
 */
export class LearningRateScheduler extends Callback {
  readonly #report: Report;

  constructor(
    private readonly schedule: EpochSchedule,
    options: ReportOptions = {},
  ) {
    super();
    this.#report = new Report(options);
  }

  /** @throws SignetError `INVALID_ARGUMENT` when the schedule does not return a number, or the optimizer is not one of Signet's. */
  override onEpochBegin(epoch: number): void {
    const { optimizer } = this;
    const learningRate = this.schedule(epoch, optimizer.learningRate) as unknown;
    if (typeof learningRate !== 'number') {
      throw new SignetError(
        'INVALID_ARGUMENT',
        `The output of the \`schedule\` function should be a number. Received: ${learningRate}.`,
      );
    }
    optimizer.learningRate = learningRate;
    const value = shortNumber(learningRate);
    this.#report.line(`Epoch ${epoch + 1}: LearningRateScheduler setting learning rate to ${value}.`);
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs.learning_rate = this.optimizer.learningRate;
  }
}

/** Adds the learning rate at the end of each epoch to the logs as `learning_rate`, for a schedule that changes it step by step. */
export class LogLearningRate extends Callback {
  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs.learning_rate = this.optimizer.learningRate;
  }
}
