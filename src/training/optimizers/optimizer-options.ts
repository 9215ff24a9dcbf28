import { checkNumber } from '../../errors.js';
import type { LearningRateSchedule } from '../schedules/learning-rate-schedule.js';
import { checkClipOptions, type ClipOptions } from './clip-gradients.js';

/** Options that every optimizer takes, with the names and defaults of `keras.optimizers.Optimizer`. */
export interface OptimizerOptions extends ClipOptions {
  /**
   * Size of a step, 0 or more, or a schedule that computes it from the number of the step. Only a number can be changed during
   * training, by a callback.
   *
   * @defaultValue 0.001; 0.01 for SGD
   */
  readonly learningRate?: number | LearningRateSchedule;
  /**
   * Share of itself that every weight loses at each step, multiplied by the learning rate; 0 or more.
   *
   * @defaultValue none; 0.004 for AdamW
   */
  readonly weightDecay?: number;
  /**
   * Words such as `bias`: variables whose names contain one of them are excluded from the weight decay.
   *
   * @defaultValue none
   */
  readonly excludeFromWeightDecay?: readonly string[];
  /**
   * Number of steps whose gradients are averaged before the weights change once, 2 or more: the effect of a batch that many times as
   * large, without its memory.
   *
   * @defaultValue every step changes the weights
   */
  readonly gradientAccumulationSteps?: number;
  /**
   * Whether a moving average of each weight is kept. `fit` validates with the averages, shows them to the callbacks at the end of each epoch,
   * as Keras's `SwapEMAWeights` does, and leaves them in the model at the end.
   *
   * @defaultValue false
   */
  readonly useEma?: boolean;
  /**
   * Momentum of the moving averages, from 0 to 1: each step, an average keeps this share of itself and takes the rest from its weight. Only with
   * `useEma`.
   *
   * @defaultValue 0.99
   */
  readonly emaMomentum?: number;
  /**
   * Factor of a variable's learning rate, by the variable's name; above 0. `layerDecay` makes one.
   *
   * @defaultValue 1 for all
   */
  readonly learningRateMultiplier?: (variable: string) => number;
}

/** @throws SignetError `INVALID_ARGUMENT` that names an option out of its range. */
export function checkOptimizerOptions(options: OptimizerOptions): void {
  const { learningRate, weightDecay = 0, gradientAccumulationSteps = 2 } = options;
  if (typeof learningRate === 'number') checkNumber('learningRate', learningRate, '0 or more', (rate) => rate >= 0);
  checkNumber('weightDecay', weightDecay, '0 or more', (decay) => decay >= 0);
  checkNumber(
    'gradientAccumulationSteps',
    gradientAccumulationSteps,
    'whole and 2 or more',
    (steps) => Number.isSafeInteger(steps) && steps >= 2,
  );
  const { emaMomentum = 0.99 } = options;
  checkNumber('emaMomentum', emaMomentum, 'from 0 to 1', (momentum) => momentum >= 0 && momentum <= 1);
  checkClipOptions(options);
}
