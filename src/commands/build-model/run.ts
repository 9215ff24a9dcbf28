import { SignetError } from '../../errors.js';
import { findHead, type HeadOfFile } from '../../models/classifier/find-head.js';
import { headNames, publishedHeadNames } from '../../models/classifier/head.js';
import { loadKerasWeights } from '../../models/keras/load-keras-weights.js';
import { makeModel } from '../../models/make-model.js';
import type { MobileNetOptions } from '../../models/mobile-net-model.js';
import { findModelType, type ModelType } from '../../models/model-types.js';
import { readLabelsFile } from '../../models/classifier/read-labels-file.js';
import { checkAlpha } from '../shared/backbone-options.js';
import { numberProblems } from '../shared/check-numbers.js';
import { downloadNamedWeights, namedWeights } from '../shared/download-named-weights.js';
import { prepareVersion } from '../train-model/model-versions.js';

/** What `build-model` takes; the flags of the same names. */
export interface BuildModelOptions {
  /** The name of one of Signet's classes, or `path/to/model.ts#ClassName`. */
  readonly modelType: string;
  /** A weight file of Keras or a SavedModel's directory, with all layers, the last one too; or `imagenet`. */
  readonly weights: string;
  /** A text file with a class name a line, in the order of the model's outputs. */
  readonly labels: string;
  readonly modelFolder: string;
  /** Default: the next free one. */
  readonly modelVersion?: number | undefined;
  /** Pixels. Default: the architecture's own. */
  readonly inputWidth?: number | undefined;
  /** Pixels. Default: the architecture's own. */
  readonly inputHeight?: number | undefined;
  /** How wide a MobileNetModel is. Default: 1. */
  readonly alpha?: number | undefined;
  readonly overwrite: boolean;
}

/** What was built. */
export interface BuildModelResult {
  readonly directory: string;
  readonly modelType: string;
  readonly classes: number;
  readonly parameters: number;
  /** Height and width that images are resized to, in pixels. */
  readonly imageSize: readonly [height: number, width: number];
}

/**
 * Writes a version directory from weights that somebody else has trained: nothing is trained here.
 *
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_LABELS`, `INVALID_WEIGHTS`, `INVALID_SAVED_MODEL`, `OFFLINE`, `DOWNLOAD_FAILED`,
 * `CLASSES_DIFFER` when there is not a label for every class of the weights, `MODEL_EXISTS`, `CANNOT_WRITE`; then nothing was written.
 */
export async function buildModel(options: BuildModelOptions): Promise<BuildModelResult> {
  const { labels, inputHeight, inputWidth, alpha } = options;
  checkNumbers(options);
  const Model = await findModelType(options.modelType);
  checkAlpha(Model, alpha);
  const classNames = await readLabelsFile(labels);
  // Before minutes of downloading.
  const directory = await prepareVersion(options.modelFolder, Model.name, options.modelVersion, options.overwrite);
  const weights = await findWeights(Model, options);
  const found = await findHead(weights);
  checkClasses(found, classNames, { ...options, weights });
  const modelOptions: MobileNetOptions = {
    classNames,
    ...(found.head && publishedHeadNames.includes(found.head.name) && { includeTop: true }),
    ...(inputHeight !== undefined && { inputHeight }),
    ...(inputWidth !== undefined && { inputWidth }),
    ...(alpha !== undefined && { alpha }),
  };
  const model = makeModel(Model, modelOptions);
  try {
    await loadKerasWeights(model, weights, { keep: [], ignore: [] });
    await model.save(directory, { assetsExtra: { 'arguments.json': argumentsText(options) } });
    const { imageSize } = model;
    const parameters = model.countParams();
    return { directory, modelType: Model.name, classes: classNames.length, parameters, imageSize };
  } finally {
    model.dispose();
  }
}

async function findWeights(Model: ModelType, options: BuildModelOptions): Promise<string> {
  const { weights: name, inputHeight = 224, inputWidth = 224, alpha } = options;
  if (!namedWeights.includes(name)) return name;
  const wanted = { modelType: Model.name, name, imageSize: [inputHeight, inputWidth], includeTop: true } as const;
  return downloadNamedWeights({ ...wanted, ...(alpha !== undefined && { alpha }) });
}

/** How it was made, for people. */
function argumentsText(options: BuildModelOptions): string {
  const { modelType, weights, labels, inputWidth, inputHeight, alpha } = options;
  return `${JSON.stringify({ modelType, weights, labels, inputWidth, inputHeight, alpha }, null, 2)}\n`;
}

/** Before a model is made: its size depends on how many classes there are. */
function checkClasses(
  { head, hasDense }: HeadOfFile,
  { length }: readonly string[],
  { weights, labels, modelType }: BuildModelOptions,
): void {
  if (!hasDense) {
    throw new SignetError(
      'INVALID_WEIGHTS',
      `${weights} has a backbone's weights alone, none for a last layer "${headNames.keras}" or "${headNames.own}". Give the file with all ` +
        `layers, or train a last layer of your own: train-model --model-type ${modelType} --pretrained-weights ${weights}`,
    );
  }
  if (head === null || head.classes === length) return;
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

const mostPixels = 10_000;

function checkNumbers({ modelVersion, inputWidth, inputHeight }: BuildModelOptions): void {
  const isSize = (value: number) => Number.isSafeInteger(value) && value >= 1 && value <= mostPixels;
  const size = `pixels, from 1 to ${mostPixels}`;
  const problems = [
    ...numberProblems('modelVersion', modelVersion, 'a whole number from 1', (v) => Number.isSafeInteger(v) && v >= 1),
    ...numberProblems('inputWidth', inputWidth, size, isSize),
    ...numberProblems('inputHeight', inputHeight, size, isSize),
  ];
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
}
