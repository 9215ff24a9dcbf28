import { type ConfidenceSamples, collectConfidenceSamples } from '../../evaluation/confidence/confidence-samples.js';
import { chooseConfidence, type ChosenConfidence } from '../../evaluation/confidence/choose-confidence.js';
import type { Fact } from '../../evaluation/report/report-content.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { tell } from '../../text/tell.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { TrainingData } from './training-data.js';

/** More images change little, and each is a pass through the network. */
const mostImages = { training: 2000, validation: 5000 } as const;

/** Sends some images of the training and the validation through the model. */
export async function samplesOf(model: ImageClassifierModel, data: TrainingData): Promise<ConfidenceSamples> {
  const { imageSize } = model;
  return collectConfidenceSamples(model, {
    train: await data.openSample('training', imageSize, mostImages.training),
    validation: await data.openSample('validation', imageSize, mostImages.validation),
  });
}

/** Chooses what the model's confidence means, as the flags say. @returns Rows for the report. */
export function chosenConfidence(
  model: ImageClassifierModel,
  samples: ConfidenceSamples,
  { targetAccuracy, unknown, seed }: TrainModelOptions,
): Fact[] {
  const chosen = chooseConfidence(model, samples, { targetAccuracy, unknown, seed });
  if (targetAccuracy !== undefined && !chosen.sure) tell(`note: ${withoutThreshold(model, targetAccuracy)}`);
  if (unknown && chosen.known?.centroids === 0) tell(`note: ${byConfidenceAlone(model)}`);
  if (unknown && model.multiLabel && !chosen.known) tell(`note: ${withoutKnown(model)}`);
  return [...temperatureRows(chosen, model), ...sureRows(chosen, targetAccuracy), ...knownRows(chosen)];
}

function withoutThreshold({ multiLabel }: ImageClassifierModel, target: number): string {
  if (multiLabel)
    return '--target-accuracy is for models with one class per image; here each class has its own threshold';
  return `no confidence gives an accuracy of ${target} on the validation images (--target-accuracy): no answer is marked as sure`;
}

function byConfidenceAlone({ constructor: { name } }: ImageClassifierModel): string {
  return `${name} has no embedding, or one too large to keep centroids of: unknown images are recognized by the confidence alone`;
}

function withoutKnown({ constructor: { name } }: ImageClassifierModel): string {
  return `${name} has no embedding, or one too large to keep centroids of, so it cannot recognize unknown images`;
}

function temperatureRows({ temperature }: ChosenConfidence, { multiLabel }: ImageClassifierModel): Fact[] {
  if (multiLabel) return [['temperature', 'none: each class has its own threshold']];
  return [
    ['temperature', temperature === 1 ? '1: no other value helps on the validation set' : temperature.toFixed(3)],
  ];
}

function sureRows({ sure }: ChosenConfidence, target: number | undefined): Fact[] {
  if (target === undefined) return [];
  if (!sure) return [['sure answers', `none: no confidence gives an accuracy of ${target}`]];
  const { threshold, answered, accuracy } = sure;
  const share = `${(answered * 100).toFixed(1)} % of the validation set, ${(accuracy * 100).toFixed(1)} % of them right`;
  return [['sure answers', `from a confidence of ${threshold.toFixed(4)}: ${share}`]];
}

function knownRows({ known }: ChosenConfidence): Fact[] {
  if (!known) return [];
  const by = known.centroids === 0 ? 'the confidence alone' : `confidence and distance to ${known.centroids} centroids`;
  return [['unknown images', `by ${by}; 95 % of the validation set is known`]];
}
