import { defaultImageLimits, megapixels } from '../data/image-limits.js';
import { declaredPixels } from './declared-pixels.js';
import type { ModelServer, PredictRequest } from './model-server.js';
import { ServingError } from './serving-error.js';

/** What the images of a request may cost. */
export interface PixelLimits {
  /** Largest image, in pixels (width times height). Default: 50,000,000. */
  readonly maxPixels?: number;
  /** All images of a request together. Default: four times `maxPixels`. */
  readonly maxRequestPixels?: number;
}

/** The models, but images that claim to be huge are refused before they come to a decoder. */
export function limitPixels(models: ModelServer, limits: PixelLimits = {}): ModelServer {
  const { maxPixels = defaultImageLimits.maxPixels, maxRequestPixels = 4 * maxPixels } = limits;
  return {
    get modelNames() {
      return models.modelNames;
    },
    find: (spec) => models.find(spec),
    status: (spec) => models.status(spec),
    predict: async (request) => {
      checkPixels(request, maxPixels, maxRequestPixels);
      return models.predict(request);
    },
    ...(models.reload && { reload: async (config) => models.reload?.(config) }),
  };
}

function checkPixels({ inputs }: PredictRequest, maxPixels: number, maxRequestPixels: number): void {
  let sum = 0;
  for (const { dtype, values } of Object.values(inputs)) {
    if (dtype !== 'string') continue;
    for (const value of values as readonly Uint8Array[]) {
      const pixels = declaredPixels(value);
      sum += pixels;
      if (pixels > maxPixels) refuse('An image', pixels, maxPixels);
    }
  }
  if (sum > maxRequestPixels) refuse('The images of the request together', sum, maxRequestPixels);
}

function refuse(what: string, pixels: number, limit: number): never {
  throw new ServingError(
    'RESOURCE_EXHAUSTED',
    `${what} would be ${megapixels(pixels)} when decoded; the server takes ${megapixels(limit)}. Send smaller ones.`,
    { httpStatus: 413 },
  );
}
