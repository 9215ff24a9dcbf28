import path from 'node:path';

import * as v from 'valibot';

import { SignetError } from '../../errors.js';
import { readJson, wholeNumber } from '../../files/read-json.js';
import type { DecodeImageOptions, ExifHandling } from '../../ops/decode-image.js';
import { type ConfidenceSettings, confidenceSchema } from './confidence-settings.js';
import type { CompletePreprocessing } from '../../ops/fit-images.js';
import { leastSideFor } from '../../ops/least-side-for.js';
import { resizeModes } from '../../ops/resize-modes.js';

/** The file in `assets.extra/` that says what a classifier was made from, for `loadModel`. */
export const modelDescriptionFile = 'signet.json';

/** A model directory is untrusted: largest description, in bytes, and largest image side, in pixels. */
const mostBytes = 10_000;
const mostPixels = 10_000;

const schema = v.object({
  modelType: v.string(),
  inputHeight: wholeNumber(1, mostPixels),
  inputWidth: wholeNumber(1, mostPixels),
  // Models that were saved before there was a choice do this.
  exif: v.optional(v.picklist(['apply', 'ignore']), 'ignore'),
  decode: v.optional(v.picklist(['full', 'reduced']), 'full'),
  resize: v.optional(v.picklist(resizeModes), 'squash'),
  antialias: v.optional(v.boolean(), false),
  multiLabel: v.optional(v.boolean(), false),
  withHeatmap: v.optional(v.boolean(), false),
  confidence: v.optional(confidenceSchema, {}),
  options: v.optional(v.record(v.string(), v.union([v.number(), v.string(), v.boolean()])), {}),
});

/** Options that a classifier was made from. */
export interface ModelDescription extends CompletePreprocessing {
  /** The class's name, such as `LenetModel`. */
  readonly modelType: string;
  /** Pixels. */
  readonly inputHeight: number;
  /** Pixels. */
  readonly inputWidth: number;
  /** Whether an image may have several classes, or none; default: false. */
  readonly multiLabel?: boolean | undefined;
  /** Whether it is saved with the signature `serving_heatmap`, if its network has heat maps; default: false. */
  readonly withHeatmap?: boolean | undefined;
  /** How to interpret its confidence; default: nothing was chosen. */
  readonly confidence?: ConfidenceSettings | undefined;
  /** Further options of the class, such as a MobileNetModel's `alpha`. */
  readonly options: OwnOptions;
}

/** Options of one class. */
export type OwnOptions = Readonly<Record<string, number | string | boolean>>;

/** How a classifier on disk decodes image files. */
export interface Decoding extends Pick<DecodeImageOptions, 'leastSide'> {
  readonly exif: ExifHandling;
}

/** Reads how a classifier on disk decodes image files. */
export async function decodingOf(directory: string): Promise<Decoding> {
  return decodingBy(await findModelDescription(directory));
}

/** How a classifier decodes image files; one without a description decodes them as TensorFlow does. */
export function decodingBy(description: ModelDescription | null): Decoding {
  if (!description) return { exif: 'ignore' };
  const { exif, decode, inputHeight, inputWidth } = description;
  return { exif, leastSide: leastSideFor([inputHeight, inputWidth], decode) };
}

/** Whether images may have several classes for a classifier on disk; one without a description has one class per image. */
export async function isMultiLabelModel(directory: string): Promise<boolean> {
  return (await findModelDescription(directory))?.multiLabel ?? false;
}

/** How to interpret the confidence of a classifier on disk; no settings if it does not say. */
export async function confidenceOf(directory: string): Promise<ConfidenceSettings> {
  return (await findModelDescription(directory))?.confidence ?? {};
}

/** Reads what a model was made from. @returns Null if there is no description, or the file is damaged. */
export function findModelDescription(directory: string): Promise<ModelDescription | null> {
  return readModelDescription(directory).catch(() => null);
}

/**
 * Reads what a classifier was made from.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when the file is missing or damaged.
 */
export async function readModelDescription(directory: string): Promise<ModelDescription> {
  const error = (problem: string, cause?: unknown) =>
    new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} does not say what it was made from: assets.extra/${modelDescriptionFile} ${problem}. ` +
        'Give a directory that Signet has saved, with all its folders.',
      { cause },
    );
  const file = path.join(directory, 'assets.extra', modelDescriptionFile);
  const damaged = (problem: string, cause: unknown) => error(`is damaged (${problem})`, cause);
  const description = await readJson(file, { mostBytes, schema, error: damaged });
  if (description) return description;
  throw error('is missing');
}
