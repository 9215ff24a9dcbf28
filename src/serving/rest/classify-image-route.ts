import { describeContent } from '../../data/image-file/describe-content.js';
import { isTranscoded, sniffImageFormat } from '../../data/image-file/image-format.js';
import { SignetError } from '../../errors.js';
import { classifyImages, type ImageLabel } from '../../client/classify-images.js';
import { bitmapProblem } from '../limits/bitmap-problem.js';
import { checkPixels, checkPixelSum, type PixelLimits, pixelsOf } from '../limits/check-pixels.js';
import { headerPixels } from '../limits/header-pixels.js';
import type { ModelServer, PredictRequest } from '../model-server.js';
import { refuse, ServingError } from '../serving-error.js';
import type { RequestReader } from '../reader/request-reader.js';
import { httpStatusOf } from './http-status.js';
import type { Upload } from './read-form.js';
import { json, type RestAnswer, type RestCall, type Route } from './rest-call.js';
import { findModel, modelPattern } from './serving-routes.js';

type Prediction = { readonly file: string } & (
  { readonly classes: readonly ImageLabel[] } | { readonly error: string }
);

const maxTopK = 1000;

/**
 * `POST /v1/models/NAME:classify-image`, for which a form in a page or `curl -F image=@cat.jpg` is enough.
 *
 * Takes `multipart/form-data` with any number of files, or one image as the body. `?top_k=` says how many classes, 5 by default.
 * Answers `{"predictions": [{"file": "cat.jpg", "classes": [{"name": "cat", "index": 3, "probability": 0.98}]}]}`, of a multi-label
 * model with `threshold` and `present` and all classes that the image has; with `error` instead of `classes` for a file that could not be answered.
 * When that is so for all, the answer is an error itself.
 *
 * @param pixelLimits For all files together; the models see one at a time.
 */
export function classifyImageRoute(models: ModelServer, reader: RequestReader, pixelLimits?: PixelLimits): Route {
  return {
    method: 'POST',
    path: modelPattern(':classify-image'),
    name: 'ClassifyImage',
    handle: (call) => classify(models, reader, call, pixelLimits),
  };
}

async function classify(
  models: ModelServer,
  reader: RequestReader,
  call: RestCall,
  pixelLimits?: PixelLimits,
): Promise<RestAnswer> {
  const found = findModel(models, call);
  const topK = readTopK(call.query);
  const uploads = await readUploads(reader, call);
  checkPixelSum(
    uploads.map(({ pixels }) => pixels),
    pixelLimits,
  );
  const { signal, deadline } = call;
  const modelFor = (pixels: number) => ({
    name: found.spec.name,
    signatures: found.version.signatures,
    call: async (signatureName: string, inputs: PredictRequest['inputs']) => {
      call.isAbout({ signature: signatureName });
      const request = { ...found, signatureName, inputs, pixels: [pixels], signal, deadline };
      return (await models.predict(request)).outputs;
    },
  });
  /** As TensorFlow decodes it; a PNG that is made of it is paid for as long as the request lasts. */
  const decodable = (content: Buffer, pixels: number) => {
    if (!isToTranscode(content)) return content;
    checkPixels({ inputs: {}, pixels: [pixels] }, pixelLimits);
    call.claim.take(pixels * pngPixelBytes);
    return reader.transcode(content, pixelLimits, signal);
  };
  // One by one, so that a bad one does not spoil the others; the server's queue puts them together again.
  const answers = await Promise.all(
    uploads.map(async ({ file, content, pixels }) => {
      try {
        checkImage(content);
        const image = await decodable(content, pixels);
        const [classes = []] = await classifyImages(modelFor(pixels), [image], topK);
        return { file, classes };
      } catch (error) {
        return { file, error: asServingError(error) };
      }
    }),
  );
  const failed = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  if (failed[0] && failed.length === answers.length) throw failed[0];
  const predictions = answers.map((answer): Prediction => {
    return 'error' in answer ? { file: answer.file, error: answer.error.message } : answer;
  });
  return json({ predictions });
}

async function readUploads(reader: RequestReader, call: RestCall): Promise<(Upload & { readonly pixels: number })[]> {
  const type = call.headers['content-type'] ?? '';
  const body = await call.body();
  const { head, values, pixels = pixelsOf(values) } = await reader.form(type, body, { signal: call.signal });
  const contents = (values.files?.values ?? []) as readonly Uint8Array[];
  const uploads = head.files.map((file, i) => ({ file, content: bufferOf(contents[i]), pixels: pixels[i] ?? 0 }));
  return Promise.all(
    uploads.map(async (each) =>
      isToTranscode(each.content) ? { ...each, pixels: await headerPixels(each.content) } : each,
    ),
  );
}

function bufferOf(bytes: Uint8Array | undefined): Buffer {
  return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.alloc(0);
}

/** TensorFlow says no more than that it does not know the format, and decodes some kinds of BMP to noise. */
function checkImage(content: Buffer): void {
  const head = content.subarray(0, 512);
  if (sniffImageFormat(head) === null) {
    const what = content.length === 0 ? 'an empty file' : describeContent(head);
    refuse(`Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: ${what}.`);
  }
  const problem = bitmapProblem(content);
  if (problem !== null) refuse(`The image ${problem}.`);
}

/** About what a pixel takes while an image becomes PNG, in bytes. */
const pngPixelBytes = 4;

function isToTranscode(content: Buffer): boolean {
  const format = sniffImageFormat(content.subarray(0, 512));
  return format !== null && isTranscoded(format);
}

/** @throws What is the server's own fault. */
function asServingError(error: unknown): ServingError {
  if (error instanceof SignetError) return new ServingError('FAILED_PRECONDITION', error.message, { cause: error });
  if (error instanceof ServingError && httpStatusOf(error) < 500) return error;
  throw error;
}

function readTopK(query: URLSearchParams): number {
  const text = query.get('top_k') ?? '5';
  const topK = Number(text);
  if (/^\d+$/.test(text) && topK >= 1 && topK <= maxTopK) return topK;
  throw new ServingError(
    'INVALID_ARGUMENT',
    `top_k is a whole number from 1 to ${maxTopK}. Received: ${text.slice(0, 40)}.`,
  );
}
