import { checkNumber } from '../../errors.js';
import type { LearningRateSchedule } from '../schedules/learning-rate-schedule.js';
import { checkClipOptions, type ClipOptions } from './clip-gradients.js';

/** What every optimizer takes; the names and defaults are those of `keras.optimizers.Optimizer`. */
export interface OptimizerOptions extends ClipOptions {
  /** How far a step goes: a number, or a function of the step. Default: the optimizer's own. */
  readonly learningRate?: number | LearningRateSchedule;
  /** What every weight loses at each step, as a part of itself and of the learning rate. Default: the optimizer's own, mostly none. */
  readonly weightDecay?: number;
  /** Variables whose name holds one of these words keep their weight, such as `bias`. Default: none. */
  readonly excludeFromWeightDecay?: readonly string[];
  /** Steps whose gradients are averaged before the weights change, 2 or more. Default: every step changes them. */
  readonly gradientAccumulationSteps?: number;
}

/** @throws SignetError `INVALID_ARGUMENT`. */
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
  checkClipOptions(options);
}
