import * as tf from '../../../src/tensorflow/tf.js';

/** Trains with TF.js's own loop and steps: an ImageClassifierModel's own `fitDataset` runs compiled. */
export function fitOpByOp<T extends tf.TensorContainer>(
  model: tf.LayersModel,
  dataset: tf.data.Dataset<T>,
  args: tf.ModelFitDatasetArgs<T>,
): Promise<tf.History> {
  return tf.LayersModel.prototype.fitDataset.call(model, dataset, { verbose: 0, ...args } as never);
}

/** Evaluates with TF.js's own step, op by op. @returns The loss, followed by the metrics. */
export async function evaluateOpByOp(model: tf.LayersModel, dataset: tf.data.Dataset<never>): Promise<number[]> {
  const scalars = await tf.LayersModel.prototype.evaluateDataset.call(model, dataset, {});
  return [scalars].flat().map((scalar) => scalar.dataSync()[0] ?? NaN);
}
