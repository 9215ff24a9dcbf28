import { describeContent } from '../../data/image-file/describe-content.js';
import { isTranscoded, sniffImageFormat } from '../../data/image-file/image-format.js';
import { SignetError } from '../../errors.js';
import type { CallableModel } from '../../client/classify-images.js';
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

/** A model that a route found. */
export type FoundModel = ReturnType<typeof findModel>;

/** Answers about one image. @returns The content of its file's answer. */
export type AnswerImage = (model: CallableModel, image: Uint8Array) => Promise<object>;

/** A route that takes pictures. */
export interface UploadRoute {
  /** Suffix of the path after the model, such as `:classify-image`. */
  readonly suffix: string;
  /** Name of the method in events and metrics. */
  readonly name: string;
  /** Reads a request's parameters, before its pictures are read. @throws ServingError */
  readonly prepare: (call: RestCall, found: FoundModel) => AnswerImage;
}

/** What a route that takes pictures needs. */
export interface UploadServer {
  readonly models: ModelServer;
  readonly reader: RequestReader;
  /** Limit for all files together; the models see one at a time. */
  readonly pixelLimits: PixelLimits | undefined;
}

/**
 * Makes a route for which a form in a page or `curl -F image=@cat.jpg` is enough: it takes `multipart/form-data` with any number of files, or one
 * image as the body.
 *
 * Answers `{"predictions": [{"file": "cat.jpg", ...}]}`, with `error` for a file that could not be answered. If that is the case for all files, the
 * answer itself is an error.
 */
export function uploadRoute(server: UploadServer, { suffix, name, prepare }: UploadRoute): Route {
  return {
    method: 'POST',
    path: modelPattern(suffix),
    name,
    handle: (call) => {
      const found = findModel(server.models, call);
      return answerUploads(server, call, { found, answer: prepare(call, found) });
    },
  };
}

interface Asked {
  readonly found: FoundModel;
  readonly answer: AnswerImage;
}

async function answerUploads(
  { models, reader, pixelLimits }: UploadServer,
  call: RestCall,
  { found, answer }: Asked,
): Promise<RestAnswer> {
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
  /** As TensorFlow decodes it; memory for a PNG made from it is claimed as long as the request lasts. */
  const decodable = (content: Buffer, pixels: number) => {
    if (!isToTranscode(content)) return content;
    checkPixels({ inputs: {}, pixels: [pixels] }, pixelLimits);
    call.claim.take(pixels * pngPixelBytes);
    return reader.transcode(content, pixelLimits, signal);
  };
  // One by one, so that a bad one does not fail the others; the server's queue joins them again.
  const answers = await Promise.all(
    uploads.map(async ({ file, content, pixels }) => {
      try {
        checkImage(content);
        const image = await decodable(content, pixels);
        return { file, ...(await answer(modelFor(pixels), image)) };
      } catch (error) {
        return { file, error: asServingError(error) };
      }
    }),
  );
  const failed = answers.flatMap((each) => ('error' in each ? [each.error] : []));
  if (failed[0] && failed.length === answers.length) throw failed[0];
  const predictions = answers.map((each) => ('error' in each ? { file: each.file, error: each.error.message } : each));
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

/** TensorFlow would only say that it does not know the format, and decodes some kinds of BMP to noise. */
function checkImage(content: Buffer): void {
  const head = content.subarray(0, 512);
  if (sniffImageFormat(head) === null) {
    const what = content.length === 0 ? 'an empty file' : describeContent(head);
    refuse(`Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: ${what}.`);
  }
  const problem = bitmapProblem(content);
  if (problem !== null) refuse(`The image ${problem}.`);
}

/** Approximate memory per pixel while an image becomes PNG, in bytes. */
const pngPixelBytes = 4;

function isToTranscode(content: Buffer): boolean {
  const format = sniffImageFormat(content.subarray(0, 512));
  return format !== null && isTranscoded(format);
}

/** @throws Errors that are the server's own fault. */
function asServingError(error: unknown): ServingError {
  if (error instanceof SignetError) return new ServingError('FAILED_PRECONDITION', error.message, { cause: error });
  if (error instanceof ServingError && httpStatusOf(error) < 500) return error;
  throw error;
}
