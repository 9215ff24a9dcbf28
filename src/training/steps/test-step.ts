import { CompiledFunctions } from '../../saved-model/run/compile.js';
import type * as tf from '../../tensorflow/tf.js';
import { tfFunction } from '../../tracing/tf-function.js';
import { type Step, testStepOf } from '../tfjs-step.js';
import { stepThreads } from './step-threads.js';
import { named, stepSignature } from './train-steps.js';

/** TF.js's own test step of a compiled model (`model.compile`) as a graph. */
export class TestStep {
  private constructor(private readonly compiled: CompiledFunctions) {}

  /** @throws SignetError `NOT_TRACEABLE`; the model is as it was. */
  static async compile(model: tf.LayersModel): Promise<TestStep> {
    const step = testStepOf(model);
    const options = { inputSignature: stepSignature(model), name: 'test' };
    const test = tfFunction((...data: tf.Tensor[]) => named(step(data)), options).getConcreteFunction();
    return new TestStep(await CompiledFunctions.compile({ test }, { intraOpThreads: stepThreads(model) }));
  }

  readonly run: Step = (data) => Object.values(this.compiled.call('test', data)) as tf.Scalar[];

  dispose(): void {
    this.compiled.dispose();
  }
}
