import { type RecognizedImage, recognizeImages } from '../../client/classify-images.js';
import { ServingError } from '../serving-error.js';
import type { RestCall, Route } from './rest-call.js';
import { type UploadServer, uploadRoute } from './upload-route.js';

const maxTopK = 1000;

/**
 * `POST /v1/models/NAME:classify-image`; see `uploadRoute` for what it takes. `?top_k=` is the number of classes, 5 by default.
 *
 * Answers `{"predictions": [{"file": "cat.jpg", "classes": [{"name": "cat", "index": 3, "probability": 0.98}]}]}`, of a multi-label
 * model with `threshold` and `present` and all classes that the image has; of a model with `serving_known` also `confidence`, `distance`, `is_known` and
 * `is_sure`, as far as it gives them.
 */
export function classifyImageRoute(server: UploadServer): Route {
  return uploadRoute(server, {
    suffix: ':classify-image',
    name: 'ClassifyImage',
    prepare: (call) => {
      const topK = readTopK(call.query);
      return async (model, image) => {
        const [recognized = { labels: [] }] = await recognizeImages(model, [image], topK);
        return recognizedInJson(recognized);
      };
    },
  });
}

/** The result with the names of the signature's outputs. */
export function recognizedInJson({ labels: classes, confidence, distance, isKnown, isSure }: RecognizedImage) {
  return {
    classes,
    ...(confidence !== undefined && { confidence }),
    ...(distance !== undefined && { distance }),
    ...(isKnown !== undefined && { is_known: isKnown }),
    ...(isSure !== undefined && { is_sure: isSure }),
  };
}

/** Reads the number of classes that a request asks for. @throws ServingError `INVALID_ARGUMENT` */
export function readTopK(query: RestCall['query']): number {
  const text = query.get('top_k') ?? '5';
  const topK = Number(text);
  if (/^\d+$/.test(text) && topK >= 1 && topK <= maxTopK) return topK;
  throw new ServingError(
    'INVALID_ARGUMENT',
    `top_k is a whole number from 1 to ${maxTopK}. Received: ${text.slice(0, 40)}.`,
  );
}
