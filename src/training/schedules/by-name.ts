import { CosineDecay } from './cosine-decay.js';
import { ExponentialDecay } from './exponential-decay.js';
import type { LearningRateSchedule } from './learning-rate-schedule.js';
import { LinearWarmup } from './linear-warmup.js';
import { PiecewiseConstantDecay } from './piecewise-constant-decay.js';

/** Functions that make a training's learning rate from its initial rate and its number of steps, by their names on the command line. */
export const schedulesByName = {
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
  /** Constant here: the callback `ReduceLROnPlateau` lowers it. */
  plateau: (learningRate) => learningRate,
} as const satisfies Readonly<Record<string, (learningRate: number, steps: number) => LearningRateSchedule | number>>;

/** A name in `schedulesByName`. */
export type ScheduleName = keyof typeof schedulesByName;

/**
 * Makes the learning rate of a training by the name of its schedule, with a warmup before it.
 *
 * @param length Maximum number of training steps, and how many of them raise the learning rate from 0.
 */
export function scheduledLearningRate(
  name: ScheduleName,
  learningRate: number,
  { steps, warmupSteps }: { readonly steps: number; readonly warmupSteps: number },
): LearningRateSchedule | number {
  const schedule = schedulesByName[name](learningRate, Math.max(1, steps - warmupSteps));
  return warmupSteps === 0 ? schedule : new LinearWarmup(schedule, { warmupSteps });
}
