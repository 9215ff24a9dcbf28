import { SignetError } from '../../errors.js';
import type { BackboneOptions } from '../../models/backbone-model.js';
import { findHead, type Head, type HeadOfFile, otherHead } from '../../models/classifier/find-head.js';
import { headNames, publishedHeadNames } from '../../models/classifier/head.js';
import { loadKerasWeights } from '../../models/keras/load-keras-weights.js';
import { makeModel } from '../../models/make-model.js';
import { findModelType, type ModelType } from '../../models/model-types.js';
import { readLabelsFile } from '../../models/classifier/read-labels-file.js';
import { completePreprocessing } from '../../ops/fit-images.js';
import { VersionDirectory } from '../../training/resume/version-directory.js';
import { checkSizes, sizeOptions } from '../shared/backbone-options.js';
import { noteMissingHeatmap } from '../shared/note-missing-heatmap.js';
import { downloadNamedWeights, namedWeights } from '../shared/download-named-weights.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { buildModelCommand } from './flags.js';
import { kindOfWeights, takeThresholds } from './kind-of-weights.js';

/** Options of `build-model`; `flags.ts` says what each means. */
export interface BuildModelOptions extends GivenOptionsOf<typeof buildModelCommand.flags> {}

type CompleteOptions = OptionsOf<typeof buildModelCommand.flags>;

/** Result of building a model. */
export interface BuildModelResult {
  readonly directory: string;
  readonly modelType: string;
  readonly classes: number;
  readonly parameters: number;
  /** Height and width that images are resized to, in pixels. */
  readonly imageSize: readonly [height: number, width: number];
  /** Whether an image may have several classes, or none. */
  readonly multiLabel: boolean;
}

/**
 * Writes a version directory from weights that somebody else has trained: nothing is trained here.
 *
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_LABELS`, `INVALID_WEIGHTS`, `INVALID_SAVED_MODEL`, `OFFLINE`, `DOWNLOAD_FAILED`,
 * `CLASSES_DIFFER` when there is not a label for every class of the weights, `MODEL_EXISTS`, `CANNOT_WRITE`; then nothing was written.
 */
export async function buildModel(given: BuildModelOptions): Promise<BuildModelResult> {
  const options = completeOptions(buildModelCommand.flags, given);
  const { labels, inputHeight, inputWidth } = options;
  const { multiLabel, hasThresholds } = await kindOfWeights(options);
  const Model = await findModelType(options.modelType);
  checkSizes(Model, options);
  const classNames = await readLabelsFile(labels);
  // Before minutes of downloading.
  const { modelFolder: modelFolderPath, modelVersion, overwrite } = options;
  const version = await VersionDirectory.prepare({ modelFolderPath, modelType: Model.name, modelVersion, overwrite });
  const weights = await findWeights(Model, options);
  const found = await findHead(weights);
  checkHasHead(found, { ...options, weights });
  if (found.head) checkClasses(found.head, classNames, { ...options, weights });
  const modelOptions: BackboneOptions = {
    classNames,
    ...(found.head && publishedHeadNames.includes(found.head.name) && { includeTop: true }),
    inputHeight,
    inputWidth,
    ...completePreprocessing(options),
    ...sizeOptions(options),
    withHeatmap: options.withHeatmap,
    multiLabel,
  };
  const model = makeModel(Model, modelOptions);
  try {
    noteMissingHeatmap(model);
    const head = found.head ? null : otherHead(found.dense, model);
    if (head) checkClasses(head, classNames, { ...options, weights });
    const rename = head ? { [head.name]: headNames.own } : {};
    await loadKerasWeights(model, weights, { keep: [], ignore: [], skipMismatch: false, rename });
    if (hasThresholds) await takeThresholds(model, weights);
    const assetsExtra = { 'arguments.json': argumentsText({ ...options, multiLabel }) };
    await version.claim(() => model.save(version.path, { assetsExtra }));
    const { imageSize } = model;
    const parameters = model.countParams();
    return {
      directory: version.path,
      modelType: Model.name,
      classes: classNames.length,
      parameters,
      imageSize,
      multiLabel,
    };
  } finally {
    model.dispose();
  }
}

async function findWeights(Model: ModelType, options: CompleteOptions): Promise<string> {
  const { weights: name, inputHeight = 224, inputWidth = 224 } = options;
  if (!namedWeights.includes(name)) return name;
  const wanted = { modelType: Model.name, name, imageSize: [inputHeight, inputWidth], includeTop: true } as const;
  return downloadNamedWeights({ ...wanted, ...sizeOptions(options) });
}

/** How it was made, for people. */
function argumentsText(options: CompleteOptions): string {
  const { modelType, weights, labels, inputWidth, inputHeight, alpha, variant } = options;
  const images = { inputWidth, inputHeight, ...completePreprocessing(options) };
  const { withHeatmap, multiLabel } = options;
  const written = { modelType, weights, labels, ...images, alpha, variant, withHeatmap, multiLabel };
  return `${JSON.stringify(written, null, 2)}\n`;
}

function checkHasHead({ dense }: HeadOfFile, { weights, modelType }: CompleteOptions): void {
  if (dense.length > 0) return;
  throw new SignetError(
    'INVALID_WEIGHTS',
    `${weights} has only a backbone's weights, none for a last layer "${headNames.keras}" or "${headNames.own}". Give the file with all ` +
      `layers, or train a last layer of your own: train-model --model-type ${modelType} --pretrained-weights ${weights}`,
  );
}

function checkClasses(head: Head, { length }: readonly string[], { weights, labels }: CompleteOptions): void {
  if (head.classes === length) return;
  const background =
    length === head.classes + 1
      ? ' If its first line is a "background" that Keras\'s models do not have, remove it.'
      : '';
  throw new SignetError(
    'CLASSES_DIFFER',
    `There must be a label for every class. ${weights} has ${head.classes} classes in its layer "${head.name}". ` +
      `Received in ${labels}: ${length} labels.${background}`,
  );
}
