import * as tf from '../../../tensorflow/tf.js';
import { trainedOptimizer } from './trained-optimizer.js';

/** Adds the learning rate at the end of each epoch to the logs as `learning_rate`, for a schedule that changes it step by step. */
export class LogLearningRate extends tf.Callback {
  override async onEpochEnd(_epoch: number, logs?: tf.Logs): Promise<void> {
    if (logs) logs.learning_rate = trainedOptimizer(this.model, 'LogLearningRate').learningRate;
    return Promise.resolve();
  }
}
