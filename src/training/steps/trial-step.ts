import * as tf from '../../tensorflow/tf.js';
import { labelSizesOf, type Step } from '../tfjs-step.js';
import { TrainSteps, type TrainStepsOptions } from './train-steps.js';

/** A compiled step that a trial takes over. */
interface CompiledStep {
  readonly run: Step;
  dispose(): void;
}

/** A step on made-up images, for measuring. */
export class TrialStep {
  constructor(
    private readonly step: CompiledStep,
    private readonly batch: tf.Tensor[],
  ) {}

  /** Compiles a training step, which changes copies of the weights: the model stays as it is. @throws SignetError `NOT_TRACEABLE`. */
  static async compile(
    model: tf.LayersModel,
    images: number,
    options: Omit<TrainStepsOptions, 'jit' | 'from'>,
  ): Promise<TrialStep> {
    const steps = await TrainSteps.compile(model, { jit: 'graph', ...options });
    const step = { run: steps.train, dispose: () => steps.dispose() };
    return new TrialStep(step, madeUpBatch(model, images));
  }

  /** Takes one step, and waits for its results. */
  run(): void {
    const values = this.step.run(this.batch);
    values.forEach((value) => value.dataSync());
    tf.dispose(values);
  }

  dispose(): void {
    this.step.dispose();
    tf.dispose(this.batch);
  }
}

/** Makes images and labels of zeros, as a step takes them. */
export function madeUpBatch(model: tf.LayersModel, images: number): tf.Tensor[] {
  const inputs = model.inputs.map(({ shape }) => tf.zeros([images, ...(shape.slice(1) as number[])]));
  const labels = model.outputs.map((_, i) => tf.zeros([images, ...labelSizesOf(model, i)], 'int32'));
  return [...inputs, ...labels];
}
