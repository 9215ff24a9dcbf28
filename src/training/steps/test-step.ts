import { CompiledFunctions } from '../../saved-model/run/compile.js';
import * as tf from '../../tensorflow/tf.js';
import { tfFunction } from '../../tracing/tf-function.js';
import { stepThreads } from './step-threads.js';
import { named, stepSignature } from './train-steps.js';
import { eagerTestStep, type StepMaker } from './training-step.js';

/** TF.js's own test step of a compiled model (`model.compile`) as a graph. */
export class TestStep {
  private constructor(
    private readonly model: tf.LayersModel,
    private readonly compiled: CompiledFunctions,
  ) {}

  /** @throws SignetError `NOT_TRACEABLE`; the model is as it was. */
  static async compile(model: tf.LayersModel): Promise<TestStep> {
    const step = eagerTestStep(model);
    const options = { inputSignature: stepSignature(model), name: 'test' };
    const test = tfFunction((...data: tf.Tensor[]) => named(step(data)), options).getConcreteFunction();
    return new TestStep(model, await CompiledFunctions.compile({ test }, { intraOpThreads: stepThreads(model) }));
  }

  /** Makes the model's own `evaluateDataset` take this step. @returns Undoes it. */
  install(): () => void {
    const maker = this.model as unknown as StepMaker;
    const makeTestFunction = () => {
      maker.testFunction = (data) => Object.values(this.compiled.call('test', data)) as tf.Scalar[];
    };
    Object.assign(this.model, { makeTestFunction });
    return () => {
      Reflect.deleteProperty(this.model, 'makeTestFunction');
      maker.testFunction = undefined;
    };
  }

  dispose(): void {
    this.compiled.dispose();
  }
}
