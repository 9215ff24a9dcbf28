import { SignetError } from '../../errors.js';
import type * as tf from '../../tensorflow/tf.js';
import { LogLearningRate } from '../../training/callbacks/support/log-learning-rate.js';
import { ReduceLROnPlateau } from '../../training/callbacks/reduce-lr-on-plateau.js';
import { sparseCategoricalCrossentropy } from '../../training/losses.js';
import { AdamW } from '../../training/optimizers/adam-w.js';
import { Adam } from '../../training/optimizers/adam.js';
import type { Optimizer } from '../../training/optimizers/optimizer.js';
import type { OptimizerOptions } from '../../training/optimizers/optimizer-options.js';
import { RMSprop } from '../../training/optimizers/rmsprop.js';
import { SGD } from '../../training/optimizers/sgd.js';
import { CosineDecay } from '../../training/schedules/cosine-decay.js';
import { ExponentialDecay } from '../../training/schedules/exponential-decay.js';
import type { LearningRateSchedule } from '../../training/schedules/learning-rate-schedule.js';
import { LinearWarmup } from '../../training/schedules/linear-warmup.js';
import { PiecewiseConstantDecay } from '../../training/schedules/piecewise-constant-decay.js';
import { numberProblems } from '../shared/check-numbers.js';

/** How `train-model` makes the loss small; the flags of the same names. */
export interface OptimizationOptions {
  /** One of `optimizerNames`. Default: `adam`. */
  readonly optimizer?: string | undefined;
  /** Of `sgd` and `rmsprop`. Default: 0. */
  readonly momentum?: number | undefined;
  /** `constant`, `cosine`, `step`, `exponential` or `plateau`. Default: `constant`. */
  readonly learningRateSchedule?: string | undefined;
  /** Epochs in which the learning rate rises from 0. Default: 0. */
  readonly warmupEpochs?: number | undefined;
  /** Default: the optimizer's own, 0.004 for `adamw`, none for the others. */
  readonly weightDecay?: number | undefined;
  /** The largest norm of the gradients of all weights together. Default: any. */
  readonly clipNorm?: number | undefined;
  /** Batches whose gradients are averaged for a step. Default: 1. */
  readonly gradientAccumulationSteps?: number | undefined;
  /** The part of each label that is spread over all classes. Default: 0. */
  readonly labelSmoothing?: number | undefined;
}

/** Options with which an optimizer is made, beside its own. */
type CommonOptions = OptimizerOptions & { readonly momentum?: number };

const optimizers: Readonly<Record<string, (options: CommonOptions) => Optimizer>> = {
  adam: (options) => new Adam(options),
  adamw: (options) => new AdamW(options),
  sgd: (options) => new SGD(options),
  rmsprop: (options) => new RMSprop(options),
};

/** A learning rate over a training of so many steps. */
type MakeSchedule = (learningRate: number, steps: number) => LearningRateSchedule | number;

const schedules: Readonly<Record<string, MakeSchedule>> = {
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

export const optimizerNames: readonly string[] = Object.keys(optimizers);

/** Of how many steps a training is, at most. */
export interface TrainingLength {
  readonly learningRate: number;
  readonly numEpochs: number;
  readonly stepsPerEpoch: number;
}

/** @throws SignetError `INVALID_ARGUMENT` for a name that there is not. */
export function makeOptimizer(options: OptimizationOptions, length: TrainingLength): Optimizer {
  const { optimizer = 'adam', momentum, weightDecay, clipNorm, gradientAccumulationSteps = 1 } = options;
  return choose(
    'optimizer',
    optimizers,
    optimizer,
  )({
    learningRate: makeSchedule(options, length),
    ...(momentum !== undefined && { momentum }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clipNorm !== undefined && { globalClipnorm: clipNorm }),
    ...(gradientAccumulationSteps > 1 && { gradientAccumulationSteps }),
  });
}

/** Cross-entropy with the smoothing that was asked for. */
export function makeLoss({ labelSmoothing = 0 }: OptimizationOptions) {
  return (labels: tf.Tensor, logits: tf.Tensor) => sparseCategoricalCrossentropy(labels, logits, labelSmoothing);
}

/** Callbacks that change the learning rate, or log one that changes. @param patience Epochs after which a training without improvement stops. */
export function learningRateCallbacks(options: OptimizationOptions, patience: number): tf.Callback[] {
  const { learningRateSchedule = 'constant', warmupEpochs = 0 } = options;
  if (learningRateSchedule !== 'plateau') {
    return learningRateSchedule === 'constant' && warmupEpochs === 0 ? [] : [new LogLearningRate()];
  }
  // Early enough that a smaller learning rate can still help before the training stops.
  return [new ReduceLROnPlateau({ monitor: 'val_loss', patience: Math.max(1, Math.floor(patience / 2)), verbose: 1 })];
}

/** What is wrong with the numbers, and with what goes with what. */
export function optimizationProblems(
  options: OptimizationOptions & { readonly classWeights?: string | undefined },
): string[] {
  const isPart = (value: number) => value >= 0 && value < 1;
  const { classWeights, gradientAccumulationSteps } = options;
  return [
    ...numberProblems('momentum', options.momentum, '0 or more and below 1', isPart),
    ...numberProblems('labelSmoothing', options.labelSmoothing, '0 or more and below 1', isPart),
    ...numberProblems('weightDecay', options.weightDecay, '0 or more', (value) => value >= 0 && Number.isFinite(value)),
    ...numberProblems('clipNorm', options.clipNorm, 'more than 0', (value) => value > 0 && Number.isFinite(value)),
    ...numberProblems(
      'warmupEpochs',
      options.warmupEpochs,
      '0 or more',
      (value) => value >= 0 && Number.isFinite(value),
    ),
    ...numberProblems(
      ...(['gradientAccumulationSteps', gradientAccumulationSteps, 'a whole number from 1'] as const),
      (value) => Number.isSafeInteger(value) && value >= 1,
    ),
    ...(options.momentum === undefined || ['sgd', 'rmsprop'].includes(options.optimizer ?? 'adam')
      ? []
      : [
          `--momentum is of sgd and rmsprop. Received: ${options.momentum} with --optimizer ${options.optimizer ?? 'adam'}.`,
        ]),
    ...(classWeights === undefined || classWeights === 'balanced'
      ? []
      : [`--class-weights is balanced, or left out. Received: ${classWeights}.`]),
  ];
}

function makeSchedule(
  { learningRateSchedule = 'constant', warmupEpochs = 0 }: OptimizationOptions,
  { learningRate, numEpochs, stepsPerEpoch }: TrainingLength,
): LearningRateSchedule | number {
  const warmupSteps = Math.round(warmupEpochs * stepsPerEpoch);
  const steps = Math.max(1, numEpochs * stepsPerEpoch - warmupSteps);
  const schedule = choose('learning-rate-schedule', schedules, learningRateSchedule)(learningRate, steps);
  return warmupSteps === 0 ? schedule : new LinearWarmup(schedule, { warmupSteps });
}

function choose<T>(flag: string, choices: Readonly<Record<string, T>>, name: string): T {
  const chosen = Object.hasOwn(choices, name) ? choices[name] : undefined;
  if (chosen !== undefined) return chosen;
  const names = Object.keys(choices).join(', ');
  throw new SignetError('INVALID_ARGUMENT', `--${flag} is one of ${names}. Received: ${name}.`);
}
