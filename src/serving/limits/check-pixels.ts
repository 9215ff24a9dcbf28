import { defaultImageLimits, megapixels } from '../../data/image-file/image-limits.js';
import type { PredictRequest } from '../model-server.js';
import { ServingError } from '../serving-error.js';
import { declaredPixels } from './declared-pixels.js';

/** Limits of the images in a request. */
export interface PixelLimits {
  /** Largest image, in pixels (width times height). Default: 50,000,000. */
  readonly maxPixels?: number;
  /** Pixels of all images of a request together. Default: four times `maxPixels`. */
  readonly maxRequestPixels?: number;
}

/**
 * Refuses images that claim to be huge before they reach a decoder.
 *
 * @throws ServingError `RESOURCE_EXHAUSTED` (413).
 */
export function checkPixels(
  { inputs, pixels = pixelsOf(inputs) }: Pick<PredictRequest, 'inputs' | 'pixels'>,
  limits: PixelLimits = {},
): void {
  const { maxPixels = defaultImageLimits.maxPixels } = limits;
  const tooLarge = pixels.find((each) => each > maxPixels);
  if (tooLarge !== undefined) refuse('An image', tooLarge, maxPixels);
  checkPixelSum(pixels, limits);
}

/** Pixels that each string among some tensors claims, in their order: see `declaredPixels`. */
export function pixelsOf(values: PredictRequest['inputs']): number[] {
  const strings = Object.values(values).filter(({ dtype }) => dtype === 'string');
  return strings.flatMap((each) => (each.values as readonly Uint8Array[]).map(declaredPixels));
}

/**
 * Checks what the images of one request claim together; images that are too large by themselves do not count.
 *
 * @throws ServingError `RESOURCE_EXHAUSTED` (413).
 */
export function checkPixelSum(pixels: readonly number[], limits: PixelLimits = {}): void {
  const { maxPixels = defaultImageLimits.maxPixels, maxRequestPixels = 4 * maxPixels } = limits;
  const sum = pixels.filter((each) => each <= maxPixels).reduce((total, each) => total + each, 0);
  if (sum > maxRequestPixels) refuse('The images of the request together', sum, maxRequestPixels);
}

function refuse(what: string, pixels: number, limit: number): never {
  throw new ServingError(
    'RESOURCE_EXHAUSTED',
    `${what} would be ${megapixels(pixels)} when decoded; the server takes ${megapixels(limit)}. Send smaller ones.`,
    { httpStatus: 413 },
  );
}
