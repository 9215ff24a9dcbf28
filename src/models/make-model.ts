import { SignetError, wordsOf } from '../errors.js';
import { preprocessingNames } from '../ops/fit-images.js';
import type { ImageClassifierModel, ImageClassifierOptions } from './image-classifier-model.js';

/**
 * Makes a classifier from a class that may be the user's own and may have mistakes.
 *
 * @throws SignetError `INVALID_ARGUMENT` when the constructor throws, or does not use the options that it is given.
 */
export function makeModel<O extends ImageClassifierOptions>(
  Type: new (options: O) => ImageClassifierModel,
  options: O,
): ImageClassifierModel {
  const model = construct(Type, options);
  const problem = differenceFrom(options, model);
  if (problem === null) return model;
  model.dispose();
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${Type.name} does not use the options that it is given: ${problem}. ` +
      'Pass them on: constructor(options) { super(options, [height, width], (_, classes) => [...]); }',
  );
}

function construct<O>(Type: new (options: O) => ImageClassifierModel, options: O): ImageClassifierModel {
  try {
    return new Type(options);
  } catch (error) {
    if (error instanceof SignetError) throw error;
    const words = wordsOf(error);
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${Type.name} cannot be made: ${words}. Fix its constructor, or give other sizes; --debug shows where it happened.`,
      { cause: error },
    );
  }
}

function differenceFrom(
  { classNames, inputHeight, inputWidth, ...given }: ImageClassifierOptions,
  { classNames: made, imageSize: [height, width], preprocessing, multiLabel, withHeatmap }: ImageClassifierModel,
): string | null {
  if (made.length !== classNames.length || made.some((name, i) => name !== classNames[i])) {
    return `expected ${classNames.length} classes (${some(classNames)}). Received: ${made.length} (${some(made)})`;
  }
  if ((given.multiLabel ?? false) !== multiLabel)
    return `expected multiLabel: ${given.multiLabel}. Received: ${multiLabel}`;
  if ((given.withHeatmap ?? false) !== withHeatmap)
    return `expected withHeatmap: ${given.withHeatmap}. Received: ${withHeatmap}`;
  const other = preprocessingNames.find((name) => (given[name] ?? preprocessing[name]) !== preprocessing[name]);
  if (other) return `expected ${other}: ${given[other]}. Received: ${preprocessing[other]}`;
  if ((inputHeight ?? height) === height && (inputWidth ?? width) === width) return null;
  return `expected images of ${inputHeight ?? height} x ${inputWidth ?? width} pixels. Received: ${height} x ${width}`;
}

function some(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')}, ...` : names.join(', ');
}
