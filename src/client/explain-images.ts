import { SignetError } from '../errors.js';
import type { ExifHandling } from '../ops/decode-image.js';
import { type ResizeMode, resizeModes } from '../ops/resize-modes.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import { type CallableModel, type ImageLabel, numbers, texts } from './classify-images.js';

/** Heat map that shows where in an image a class was seen. */
export interface Heatmap {
  /** Values of 0 to 1, [height, width] in C order, for the picture as the model sees it. */
  readonly values: Float32Array;
  /** Rows of the map. */
  readonly height: number;
  /** Columns of the map. */
  readonly width: number;
  /** Whether the model turns pictures by their EXIF orientation. */
  readonly exif: ExifHandling;
  /** How the model resizes pictures of another shape. */
  readonly resize: ResizeMode;
}

/** A class of an image, and where it was seen. */
export interface ImageExplanation {
  /** The class that the map explains. */
  readonly label: Pick<ImageLabel, 'name' | 'index' | 'probability'>;
  /** Where in the image the class was seen. */
  readonly heatmap: Heatmap;
}

const signatureName = 'serving_heatmap';
const inputs = ['image_bytes_string', 'class_index'] as const;
const outputs = ['heatmap', 'class_index', 'class_name', 'probability', 'exif', 'resize'] as const;

/** Whether a model has `serving_heatmap`, which `explainImages` calls. */
export function canExplainImages(signatures: CallableModel['signatures']): boolean {
  const signature = Object.hasOwn(signatures, signatureName) ? signatures[signatureName] : undefined;
  const has = (named: Readonly<Record<string, unknown>> = {}, names: readonly string[]) =>
    names.every((name) => Object.hasOwn(named, name));
  return has(signature?.inputs, inputs) && has(signature?.outputs, outputs);
}

/**
 * Asks a model's `serving_heatmap` which part of each encoded image speaks for a class.
 *
 * @param classIndices Position of the class in the logits for each image; -1 for the most probable.
 * @throws SignetError `INVALID_SAVED_MODEL` when the model has no such signature, or gives another answer.
 */
export async function explainImages(
  model: CallableModel,
  files: readonly Uint8Array[],
  classIndices: readonly number[],
): Promise<ImageExplanation[]> {
  if (!canExplainImages(model.signatures)) throw withoutHeatmaps(model);
  const shape = [files.length];
  const answer = await model.call(signatureName, {
    image_bytes_string: { dtype: 'string', shape, values: files },
    class_index: { dtype: 'int32', shape, values: Int32Array.from(classIndices) },
  });
  const found = readExplanations(answer, files.length);
  if (!found) throw withoutHeatmaps(model);
  return found;
}

/** Reads the answer of `serving_heatmap` for n images. @returns Null for anything else. */
export function readExplanations(answer: Readonly<Record<string, TensorValue>>, n: number): ImageExplanation[] | null {
  const found = Array.from({ length: n }, (_, i) => explanationAt(answer, i)).filter((each) => each !== null);
  return found.length === n ? found : null;
}

function explanationAt(answer: Readonly<Record<string, TensorValue>>, i: number): ImageExplanation | null {
  const { heatmap, class_index: index, class_name: name, probability, exif, resize } = answer;
  const [, height = 0, width = 0] = heatmap?.shape ?? [];
  const values = heatmap?.values.slice(i * height * width, (i + 1) * height * width);
  const [exifText = '', resizeText, className = ''] = [exif, resize, name].map((each) => texts(each)[i]);
  const [position = NaN, ofClass = NaN] = [index, probability].map((each) => numbers(each)[i]);
  const mode = resizeModes.find((each) => each === resizeText);
  if (!(values instanceof Float32Array) || values.length === 0 || !mode || !isExif(exifText)) return null;
  const label = { name: className, index: position, probability: ofClass };
  return { label, heatmap: { values, height, width, exif: exifText, resize: mode } };
}

function isExif(value: string): value is ExifHandling {
  return value === 'apply' || value === 'ignore';
}

function withoutHeatmaps({ name, signatures }: CallableModel): SignetError {
  const known = Object.keys(signatures).join(', ') || 'none';
  return new SignetError(
    'INVALID_SAVED_MODEL',
    `The model "${name}" has no signature serving_heatmap as Signet writes it, with ${outputs.join(', ')}. It has: ${known}. ` +
      'Train or build it with --with-heatmap; networks without a convolution have no heat maps.',
  );
}
