import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { Report, type ReportOptions, shortNumber } from './support/report.js';
import { trainedOptimizer } from './support/trained-optimizer.js';

/** The learning rate of an epoch, counted from 0, from the one before. */
export type EpochSchedule = (epoch: number, learningRate: number) => number;

/**
 * Sets the learning rate before every epoch, after `keras.callbacks.LearningRateScheduler`, and adds it to the logs.
 *
 * @example
 * ```ts
 * new LearningRateScheduler((epoch, learningRate) => (epoch < 10 ? learningRate : learningRate * Math.exp(-0.1)));
 * ```
 */
export class LearningRateScheduler extends tf.Callback {
  readonly #report: Report;

  constructor(
    private readonly schedule: EpochSchedule,
    options: ReportOptions = {},
  ) {
    super();
    this.#report = new Report(options);
  }

  /** @throws SignetError `INVALID_ARGUMENT` when the schedule gives no number, or the optimizer is none of Signet's. */
  override async onEpochBegin(epoch: number): Promise<void> {
    const optimizer = trainedOptimizer(this.model, 'LearningRateScheduler');
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
    return Promise.resolve();
  }

  override async onEpochEnd(_epoch: number, logs?: tf.Logs): Promise<void> {
    if (logs) logs.learning_rate = trainedOptimizer(this.model, 'LearningRateScheduler').learningRate;
    return Promise.resolve();
  }
}
