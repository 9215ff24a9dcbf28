import { type CallableModel, recognizeImages } from '../../client/classify-images.js';
import { canExplainImages, explainImages } from '../../client/explain-images.js';
import { heatmapPng } from '../../evaluation/pictures/draw-heatmap.js';
import { ServingError } from '../serving-error.js';
import { readTopK, recognizedInJson } from './classify-image-route.js';
import type { RestCall, Route } from './rest-call.js';
import { type FoundModel, type UploadServer, uploadRoute } from './upload-route.js';

/**
 * `POST /v1/models/NAME:explain-image`, for models with `serving_heatmap`; see `uploadRoute` for what it takes. `?class=` names the class to look
 * for, `?class_index=` gives its position; by default it is each image's most probable one. `?top_k=` is that of `:classify-image`.
 *
 * Answers `{"predictions": [{"file": "cat.jpg", "classes": [...], "explained": {"name": "cat", "index": 3, "probability": 0.98}, "overlay":
 * "iVBOR..."}]}`: the answer of `:classify-image`, the class that was looked for, and the picture with its heat map as PNG in base64.
 */
export function explainImageRoute(server: UploadServer): Route {
  return uploadRoute(server, {
    suffix: ':explain-image',
    name: 'ExplainImage',
    prepare: (call, found) => {
      checkExplains(found);
      const [topK, classIndex] = [readTopK(call.query), readClass(call.query, found)];
      return async (model, image) => {
        const [[recognized = { labels: [] }], explanation] = await Promise.all([
          recognizeImages(model, [image], topK),
          explainOne(model, image, classIndex),
        ]);
        return { ...recognizedInJson(recognized), ...explanation };
      };
    },
  });
}

async function explainOne(model: CallableModel, image: Uint8Array, classIndex: number) {
  const [found] = await explainImages(model, [image], [classIndex]);
  if (!found) throw new Error('unreachable: there is an explanation for each image');
  const overlay = await heatmapPng(image, found.heatmap);
  return { explained: found.label, overlay: overlay.toString('base64') };
}

function checkExplains({ spec, version }: FoundModel): void {
  if (canExplainImages(version.signatures)) return;
  throw new ServingError(
    'FAILED_PRECONDITION',
    `${spec.name} has no signature serving_heatmap. Train or build it with --with-heatmap; networks without a convolution have no heat maps.`,
  );
}

/** @returns Position of the class; -1 for the most probable. */
function readClass(query: RestCall['query'], found: FoundModel): number {
  const [name, position] = [query.get('class'), query.get('class_index')];
  if (name !== null && position !== null)
    throw invalid('Give class, a name, or class_index, its position. Received: both.');
  if (name !== null) return positionOf(name, found);
  if (position === null) return -1;
  const { classNames } = found.version;
  const index = Number(position);
  const isKnown = /^\d{1,9}$/.test(position) && (!classNames || index < classNames.length);
  if (isKnown) return index;
  const last = classNames ? `from 0 to ${classNames.length - 1}` : 'from 0';
  throw invalid(`class_index is a whole number ${last}. Received: ${position.slice(0, 40)}.`);
}

function positionOf(name: string, { spec, version: { classNames } }: FoundModel): number {
  const index = classNames?.indexOf(name) ?? -1;
  if (index !== -1) return index;
  const known = classNames
    ? `Its classes: ${classNames.slice(0, 12).join(', ')}.`
    : 'It has no list of classes: give class_index.';
  throw invalid(`${spec.name} has no class "${name.slice(0, 80)}". ${known}`);
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message);
}
