import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { accuracy } from '../../training/losses.js';
import { makeLoss, makeOptimizer } from './optimization.js';
import type { TrainModelOptions } from './train-model-options.js';

/** Gives a model the optimizer and the loss that the flags ask for. */
export function compileClassifier(
  model: ImageClassifierModel,
  options: TrainModelOptions,
  stepsPerEpoch: number,
): void {
  const { learningRate, numEpochs } = options;
  model.compile({
    optimizer: makeOptimizer(options, { learningRate, numEpochs, stepsPerEpoch }),
    // TF.js's typings know loss functions; its metrics' types are not exported.
    loss: makeLoss(options),
    metrics: [accuracy],
  });
}
