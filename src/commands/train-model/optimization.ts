import type * as tf from '../../tensorflow/tf.js';
import type { Callback } from '../../training/callbacks/callback.js';
import { LogLearningRate } from '../../training/callbacks/support/log-learning-rate.js';
import { ReduceLROnPlateau } from '../../training/callbacks/reduce-lr-on-plateau.js';
import { sparseCategoricalCrossentropy } from '../../training/losses.js';
import { type OptimizerName, optimizersByName } from '../../training/optimizers/by-name.js';
import type { Optimizer } from '../../training/optimizers/optimizer.js';
import { CosineDecay } from '../../training/schedules/cosine-decay.js';
import { ExponentialDecay } from '../../training/schedules/exponential-decay.js';
import type { LearningRateSchedule } from '../../training/schedules/learning-rate-schedule.js';
import { LinearWarmup } from '../../training/schedules/linear-warmup.js';
import { PiecewiseConstantDecay } from '../../training/schedules/piecewise-constant-decay.js';
import type { TrainModelOptions } from './train-model-options.js';

/** The options of `train-model` that say how the loss is made small. */
export type OptimizationOptions = Pick<
  TrainModelOptions,
  | 'optimizer'
  | 'momentum'
  | 'learningRateSchedule'
  | 'warmupEpochs'
  | 'weightDecay'
  | 'clipNorm'
  | 'gradientAccumulationSteps'
  | 'labelSmoothing'
>;

type ScheduleName = OptimizationOptions['learningRateSchedule'];

/** Makes a learning rate for a training of that many steps. */
type MakeSchedule = (learningRate: number, steps: number) => LearningRateSchedule | number;

const schedules: Readonly<Record<ScheduleName, MakeSchedule>> = {
  constant: (learningRate) => learningRate,
  cosine: (initialLearningRate, decaySteps) => new CosineDecay({ initialLearningRate, decaySteps }),
  // He et al., https://arxiv.org/abs/1512.03385, section 4.2: divided by 10 at a half and at three quarters of the training.
  step: (rate, steps) => {
    // The boundaries are the last steps of a rate.
    const half = Math.ceil(0.5 * steps) - 1;
    const threeQuarters = Math.max(half + 1, Math.ceil(0.75 * steps) - 1);
    return new PiecewiseConstantDecay([half, threeQuarters], [rate, rate / 10, rate / 100]);
  },
  exponential: (initialLearningRate, decaySteps) =>
    new ExponentialDecay({ initialLearningRate, decaySteps, decayRate: 0.01 }),
  plateau: (learningRate) => learningRate,
};

/** The length of a training, at most. */
export interface TrainingLength {
  readonly learningRate: number;
  readonly numEpochs: number;
  readonly stepsPerEpoch: number;
}

/** Makes the optimizer that the options name, with their learning rate over the training. */
export function makeOptimizer(options: OptimizationOptions, length: TrainingLength): Optimizer {
  const { momentum, weightDecay, clipNorm, gradientAccumulationSteps } = options;
  const optimizer: OptimizerName = options.optimizer;
  return optimizersByName[optimizer]({
    learningRate: makeSchedule(options, length),
    ...(momentum !== undefined && { momentum }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clipNorm !== undefined && { globalClipnorm: clipNorm }),
    ...(gradientAccumulationSteps > 1 && { gradientAccumulationSteps }),
  });
}

/** Makes the cross-entropy with the smoothing that was asked for. */
export function makeLoss({ labelSmoothing }: Pick<OptimizationOptions, 'labelSmoothing'>) {
  return (labels: tf.Tensor, logits: tf.Tensor) => sparseCategoricalCrossentropy(labels, logits, labelSmoothing);
}

/**
 * Makes the callbacks that change the learning rate, or log one that changes.
 *
 * @param patience Epochs without improvement after which the training stops.
 */
export function learningRateCallbacks(
  { learningRateSchedule, warmupEpochs }: Pick<OptimizationOptions, 'learningRateSchedule' | 'warmupEpochs'>,
  patience: number,
): Callback[] {
  if (learningRateSchedule !== 'plateau') {
    return learningRateSchedule === 'constant' && warmupEpochs === 0 ? [] : [new LogLearningRate()];
  }
  // Early enough that a smaller learning rate can still help before the training stops.
  return [new ReduceLROnPlateau({ monitor: 'val_loss', patience: Math.max(1, Math.floor(patience / 2)), verbose: 1 })];
}

function makeSchedule(
  { learningRateSchedule, warmupEpochs }: OptimizationOptions,
  { learningRate, numEpochs, stepsPerEpoch }: TrainingLength,
): LearningRateSchedule | number {
  const warmupSteps = Math.round(warmupEpochs * stepsPerEpoch);
  const steps = Math.max(1, numEpochs * stepsPerEpoch - warmupSteps);
  const schedule = schedules[learningRateSchedule](learningRate, steps);
  return warmupSteps === 0 ? schedule : new LinearWarmup(schedule, { warmupSteps });
}
