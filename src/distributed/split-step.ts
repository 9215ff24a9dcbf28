import * as tf from '../tensorflow/tf.js';
import { augmented, augmentingStep } from '../training/steps/augmenting-step.js';
import type { Optimizer } from '../training/optimizers/optimizer.js';
import { trainingStep, type TrainingStepOptions } from '../training/steps/training-step.js';
import { type NamedGradient, type Step, withGradients } from '../training/tfjs-step.js';

/** A variable, and how much a step would change it: the mean over the images of the batch. */
export interface Change {
  readonly variable: tf.Variable;
  readonly mean: tf.Tensor;
}

/** What TF.js's training step computes before the optimizer takes over. */
export interface SplitStepResult {
  /** The means of the loss and the metrics. */
  readonly values: readonly tf.Scalar[];
  /** Gradients of the weights that are trained. */
  readonly gradients: readonly Change[];
  /** Changes of weights that the step assigns itself, such as moving averages. */
  readonly updates: readonly Change[];
}

/** TF.js's training step up to the optimizer. It assigns nothing. */
export class SplitStep {
  /**
   * @param optimizer The model's own, with its variables built.
   * @param others The weights that are not trained.
   */
  constructor(
    private readonly model: tf.LayersModel,
    private readonly optimizer: Optimizer,
    private readonly others: readonly tf.Variable[],
    private readonly options: TrainingStepOptions,
  ) {}

  /** @param randomStep The number that random draws of layers depend on, an int32 scalar. */
  run(images: tf.Tensor, labels: tf.Tensor, randomStep: tf.Tensor): SplitStepResult {
    const step = this.#step(randomStep);
    const before = this.others.map((variable) => tf.clone(variable));
    const gradients: Change[] = [];
    const values = withGradients(
      this.optimizer,
      (named) => gradients.push(...named.flatMap(kept)),
      () => step([images, labels]),
    );
    return { values, gradients, updates: takeBack(this.others, before) };
  }

  #step(randomStep: tf.Tensor): Step {
    const { augmentation } = this.options;
    const step = trainingStep(this.model, this.options, randomStep);
    return augmentation ? augmented(augmentingStep(this.model, augmentation, randomStep), step) : step;
  }
}

function kept({ name, tensor }: NamedGradient): Change[] {
  const variable = tf.engine().registeredVariables[name];
  return variable && tensor ? [{ variable, mean: tf.clone(tensor) }] : [];
}

/** Gives variables that were assigned their earlier values back. @returns How much they had changed. */
function takeBack(variables: readonly tf.Variable[], before: readonly tf.Tensor[]): Change[] {
  return variables.flatMap((variable, i) => {
    const old = before[i];
    if (!old || old.dataId === variable.dataId) return [];
    const mean = tf.sub(variable, old);
    variable.assign(old);
    return [{ variable, mean }];
  });
}
