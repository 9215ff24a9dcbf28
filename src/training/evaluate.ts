import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import { writeNote } from './fit.js';
import { resizeImages } from './resize-images.js';
import { TestStep } from './steps/test-step.js';
import { stepOf, trainedModelOf, withSteps } from './tfjs-step.js';

/** Options of `evaluate`, besides the model and its data. */
export interface EvaluateOptions extends NonNullable<Parameters<tf.LayersModel['evaluateDataset']>[1]> {
  /** Called with a sentence when the step cannot become a graph. Default: writes it to standard error. */
  readonly onNote?: ((note: string) => void) | undefined;
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
  { onNote = writeNote, ...args }: EvaluateOptions = {},
): Promise<tf.Scalar | tf.Scalar[]> {
  const evaluated = trainedModelOf(model);
  resizeImages(dataset, evaluated);
  const step = await compileStep(evaluated, onNote);
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
async function compileStep(model: tf.LayersModel, onNote: (note: string) => void): Promise<TestStep | null> {
  try {
    return await TestStep.compile(model);
  } catch (error) {
    if (!(error instanceof SignetError) || error.code !== 'NOT_TRACEABLE') throw error;
    onNote(`The test step cannot become a graph, so it runs op by op, several times as slow: ${error.message}`);
    return null;
  }
}
