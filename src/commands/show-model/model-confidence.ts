import type { ConfidenceSettings } from '../../models/classifier/confidence-settings.js';
import type { ModelDescription } from '../../models/classifier/model-description.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { readThresholds } from '../../models/classifier/read-thresholds.js';
import { type KeptEvaluation, readKeptEvaluation } from '../train-model/kept-evaluation.js';

/** How far the answers of a classifier can be trusted, as its training found. */
export interface ModelConfidence extends ConfidenceSettings {
  /** Classes of a multi-label model, each with the lowest probability at which an image has it; null if an image has one class. */
  readonly classThresholds: readonly { readonly className: string; readonly threshold: number }[] | null;
  /** What the training found on its test set; null where that is not known. */
  readonly evaluation: KeptEvaluation | null;
}

/** Reads how far a classifier's answers can be trusted. @param description What it was made from. */
export async function modelConfidence(
  directory: string,
  { confidence = {}, multiLabel = false }: ModelDescription,
): Promise<ModelConfidence> {
  const evaluation = await readKeptEvaluation(directory);
  return { ...confidence, classThresholds: multiLabel ? await classThresholdsOf(directory) : null, evaluation };
}

/** @returns Nothing for a damaged model, whose problems are reported elsewhere. */
async function classThresholdsOf(directory: string): Promise<ModelConfidence['classThresholds']> {
  const classNames = await readClassNames(directory).catch(() => []);
  const thresholds = await readThresholds(directory, classNames.length).catch(() => new Float32Array());
  return classNames.map((className, label) => ({ className, threshold: thresholds[label] ?? NaN }));
}
