import { SignetError } from '../errors.js';
import { restoreVariables } from '../saved-model/read/restore-variables.js';
import * as tf from '../tensorflow/tf.js';
import { variablesOf, weightsInOrder } from '../tensorflow/layer-weights.js';
import type { ImageClassifierModel } from './image-classifier-model.js';
import type { ConfidenceSettings } from './classifier/confidence-settings.js';
import { mostCentroids } from './classifier/known-images.js';
import { modelDescriptionFile, readModelDescription } from './classifier/model-description.js';
import { modelTypes, type ModelType } from './model-types.js';
import { readClassNames } from './classifier/read-class-names.js';

/** Lists what a classifier's checkpoint holds, in its order: the weights, then the thresholds of a multi-label one, then the centroids of known images. */
function savedVariablesOf(model: ImageClassifierModel): tf.Variable[] {
  const others = [model.thresholds as tf.Variable | null, model.knownCentroids as tf.Variable | null];
  return [...variablesOf(weightsInOrder(model)), ...others.filter((variable) => variable !== null)];
}

/**
 * Sets a model's confidence, with centroids that are restored later. @throws SignetError `INVALID_SAVED_MODEL` for more centroids than a model keeps.
 */
function prepareConfidence(model: ImageClassifierModel, confidence: ConfidenceSettings, directory: string): void {
  const { centroids = 0 } = confidence.known ?? {};
  const { features, classNames } = model;
  const most = features === null ? 0 : mostCentroids(model, features, classNames.length);
  if (centroids > most) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} says in assets.extra/${modelDescriptionFile} that it keeps ${centroids} centroids, and such a model keeps ${most} at most. ` +
        'Save the model again.',
    );
  }
  tf.tidy(() => model.setConfidence(confidence, centroids > 0 ? tf.zeros([centroids, features ?? 0]) : undefined));
}

/** Options of `loadModel`. */
export interface LoadModelOptions {
  /** Your own classes by their names: `{ TinyModel }`. Default: only Signet's are known. */
  readonly modelTypes?: Readonly<Record<string, ModelType>>;
}

/**
 * Restores an instance of the class that a classifier was saved from, with its weights, for further training.
 *
 * The optimizer is not saved: `compile` the model again.
 *
 * @param directory A version's directory, such as `models/LenetModel/1`.
 * @throws SignetError `INVALID_SAVED_MODEL` when it is not a classifier, is damaged, or was saved from a class that is not known here.
 */
export async function loadModel(directory: string, options: LoadModelOptions = {}): Promise<ImageClassifierModel> {
  const classNames = await readClassNames(directory);
  const { modelType, options: own, confidence = {}, ...described } = await readModelDescription(directory);
  const types = { ...modelTypes, ...options.modelTypes };
  const Type = Object.hasOwn(types, modelType) ? types[modelType] : undefined;
  if (!Type) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} was saved from a class "${modelType}", which is not known here. Known: ${Object.keys(types).join(', ')}. ` +
        `Give it: loadModel(directory, { modelTypes: { ${modelType} } }).`,
    );
  }
  const model = new Type({ ...own, ...described, classNames });
  try {
    prepareConfidence(model, confidence, directory);
    await restoreVariables(savedVariablesOf(model), directory);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}
