import { Callback, type Logs } from '../callback.js';

/** Adds the learning rate at the end of each epoch to the logs as `learning_rate`, for a schedule that changes it step by step. */
export class LogLearningRate extends Callback {
  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs.learning_rate = this.optimizer.learningRate;
  }
}
