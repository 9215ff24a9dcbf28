import * as tf from '../../tensorflow/tf.js';
import { labelSizesOf } from '../tfjs-step.js';
import { TrainSteps, type TrainStepsOptions } from './train-steps.js';

/** A training step on made-up images for measuring, which changes copies of the weights: the model stays as it is. */
export class TrialStep {
  private constructor(
    private readonly steps: TrainSteps,
    private readonly batch: tf.Tensor[],
  ) {}

  /** @throws SignetError `NOT_TRACEABLE`. */
  static async compile(
    model: tf.LayersModel,
    images: number,
    options: Omit<TrainStepsOptions, 'jit' | 'from'>,
  ): Promise<TrialStep> {
    const steps = await TrainSteps.compile(model, { jit: 'graph', ...options });
    return new TrialStep(steps, madeUpBatch(model, images));
  }

  /** Takes one step, and waits for its results. */
  run(): void {
    const values = this.steps.train(this.batch);
    values.forEach((value) => value.dataSync());
    tf.dispose(values);
  }

  dispose(): void {
    this.steps.dispose();
    tf.dispose(this.batch);
  }
}

/** Makes images and labels of zeros, as a step takes them. */
export function madeUpBatch(model: tf.LayersModel, images: number): tf.Tensor[] {
  const inputs = model.inputs.map(({ shape }) => tf.zeros([images, ...(shape.slice(1) as number[])]));
  const labels = model.outputs.map((_, i) => tf.zeros([images, ...labelSizesOf(model, i)], 'int32'));
  return [...inputs, ...labels];
}
