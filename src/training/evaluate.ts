import { SignetError } from '../errors.js';
import { CompiledFunctions } from '../saved-model/run/compile.js';
import { fasterPrecision, type Measured, trialImages } from '../saved-model/run/faster-precision.js';
import type { Precision, PrecisionChoice } from '../tensorflow/precision.js';
import * as tf from '../tensorflow/tf.js';
import { tfFunction } from '../tracing/tf-function.js';
import { fitDatasetTo, writeNote } from './fit.js';
import { type Step, stepOf, testStepOf, trainedModelOf, withSteps } from './tfjs-step.js';
import { stepThreads } from './steps/step-threads.js';
import { named, stepSignature } from './steps/train-steps.js';
import { madeUpBatch, TrialStep } from './steps/trial-step.js';

/** Options of `evaluate`, in addition to the model and its data. */
export interface EvaluateOptions extends NonNullable<Parameters<tf.LayersModel['evaluateDataset']>[1]> {
  /** Called with a sentence when the step cannot become a graph. Default: writes it to standard error. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Numbers that the step computes with, as for `fit`. Default: `float32`. */
  readonly precision?: PrecisionChoice | undefined;
}

/**
 * Computes loss and metrics of a compiled model (`model.compile(...)`) over a dataset with TF.js's own `evaluateDataset`, whose step
 * runs as a compiled graph.
 *
 * A step that cannot be traced runs op by op, which is noted once.
 *
 * @returns The loss, followed by the metrics if there are any; the caller owns them.
 */
export async function evaluate(
  model: tf.LayersModel,
  dataset: Parameters<tf.LayersModel['evaluateDataset']>[0],
  { onNote = writeNote, precision = 'float32', ...args }: EvaluateOptions = {},
): Promise<tf.Scalar | tf.Scalar[]> {
  const evaluated = trainedModelOf(model);
  fitDatasetTo(dataset, evaluated);
  const step = await compileStep(evaluated, precision, onNote);
  // TF.js's own: an ImageClassifierModel's evaluateDataset comes here.
  const run = () => tf.LayersModel.prototype.evaluateDataset.call(evaluated, dataset, args);
  if (!step) return run();
  try {
    return await withSteps(evaluated, { train: stepOf(evaluated), test: step.run }, run);
  } finally {
    step.dispose();
  }
}

/** @returns Null for a step that runs op by op. */
async function compileStep(
  model: tf.LayersModel,
  asked: PrecisionChoice,
  onNote: (note: string) => void,
): Promise<TestStep | null> {
  try {
    const what = `a test step of ${trialImages} images`;
    const precision = await fasterPrecision(asked, { what, make: (each) => trialOf(model, each), onNote });
    return await TestStep.compile(model, precision);
  } catch (error) {
    if (!(error instanceof SignetError) || error.code !== 'NOT_TRACEABLE') throw error;
    onNote(`The test step cannot become a graph, so it runs op by op, several times as slow: ${error.message}`);
    return null;
  }
}

/** A test step on made-up images. */
async function trialOf(model: tf.LayersModel, precision: Precision): Promise<Measured> {
  return new TrialStep(await TestStep.compile(model, precision), madeUpBatch(model, trialImages));
}

/** TF.js's own test step of a compiled model (`model.compile`), as a graph. */
class TestStep {
  private constructor(private readonly compiled: CompiledFunctions) {}

  /** @throws SignetError `NOT_TRACEABLE`; the model is as it was. */
  static async compile(model: tf.LayersModel, precision: Precision): Promise<TestStep> {
    const step = testStepOf(model);
    const options = { inputSignature: stepSignature(model), name: 'test' };
    const test = tfFunction((...data: tf.Tensor[]) => named(step(data)), options).getConcreteFunction();
    return new TestStep(await CompiledFunctions.compile({ test }, { intraOpThreads: stepThreads(model), precision }));
  }

  readonly run: Step = (data) => Object.values(this.compiled.call('test', data)) as tf.Scalar[];

  dispose(): void {
    this.compiled.dispose();
  }
}
