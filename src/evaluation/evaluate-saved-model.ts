import type { ImageProblem } from '../data/image-file/image-problem.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import { uprightSize } from '../data/image-file/exif-orientation.js';
import { confidenceOf, type Decoding, decodingOf, isMultiLabelModel } from '../models/classifier/model-description.js';
import { readClassNames } from '../models/classifier/read-class-names.js';
import { readThresholds } from '../models/classifier/read-thresholds.js';
import { SignetError } from '../errors.js';
import { fasterPrecision, type Measured, trialImages } from '../saved-model/run/faster-precision.js';
import { LoadedSavedModel } from '../saved-model/run/load-saved-model.js';
import type { Precision, PrecisionChoice } from '../tensorflow/precision.js';
import * as tf from '../tensorflow/tf.js';
import type { ClassificationResult } from './classification-metrics.js';
import { groupPositions } from './image-blocks.js';
import { type Metrics, multiLabelMetrics, oneClassMetrics } from './metrics.js';
import type { MultiLabelResult } from './multi-label/multi-label-metrics.js';
import {
  type BatchOptions,
  batchesOf,
  callSignature,
  callWithBytes,
  decodeBytes,
  type ImageBytes,
  readBatch,
  type SignatureAnswer,
} from './signature-calls.js';

/** The signatures that an image classifier is evaluated by. */
export const evaluatedSignatures = ['serving_default', 'serving_bytes'] as const;
export type EvaluatedSignature = (typeof evaluatedSignatures)[number];

/** Answers of a signature to all images, evaluated. */
export type SignatureEvaluation<Result = ClassificationResult> = Result & {
  /** Time in the signature itself; reading files, and decoding for `serving_default`, is left out. */
  readonly imagesPerSecond: number;
};

/** Result of evaluating a SavedModel. */
export interface SavedModelEvaluation<Result = ClassificationResult> {
  /** Metrics of each evaluated signature, which should be equal. */
  readonly signatures: Readonly<Record<EvaluatedSignature, SignatureEvaluation<Result>>>;
  /** The largest difference between the two signatures' logits for one image. */
  readonly maxLogitDifference: number;
  /** Images that passed the scan, do not decode and were left out. */
  readonly skipped: readonly ImageProblem[];
  /** Numbers that large ops computed with. */
  readonly precision: Precision;
}

/** How images are sent through the signatures, a batch per call. */
export interface EvaluationOptions extends BatchOptions {
  /** Numbers that large ops compute with; `auto` measures the first images in both. Default: `float32`. */
  readonly precision?: PrecisionChoice | undefined;
  /** Called with what `auto` chose. Default: nobody hears it. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Called for each image with what `serving_default` answered, [classes]. */
  readonly onLogits?: (image: ImageFile, logits: Float32Array) => void;
}

/**
 * Sends every image through both signatures of a SavedModel on disk that gives each image one class.
 *
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_SAVED_MODEL`, also for a multi-label model; see
 *   `evaluateMultiLabelSavedModel`.
 */
export async function evaluateSavedModel(
  modelPath: string,
  files: readonly ImageFile[],
  options: EvaluationOptions,
): Promise<SavedModelEvaluation> {
  if (await isMultiLabelModel(modelPath)) throw otherKind(modelPath, 'multi-label', 'evaluateMultiLabelSavedModel');
  const { temperature = 1 } = await confidenceOf(modelPath);
  return evaluate(modelPath, files, options, (classNames) => oneClassMetrics(classNames, temperature));
}

/**
 * Sends every image through both signatures of a multi-label SavedModel on disk; its thresholds say which classes an image is taken to have.
 *
 * @param files Images whose `labels` are all their classes.
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_SAVED_MODEL`, also for a model that gives each image one class.
 */
export async function evaluateMultiLabelSavedModel(
  modelPath: string,
  files: readonly ImageFile[],
  options: EvaluationOptions,
): Promise<SavedModelEvaluation<MultiLabelResult>> {
  if (!(await isMultiLabelModel(modelPath))) throw otherKind(modelPath, 'not multi-label', 'evaluateSavedModel');
  const thresholds = await readThresholds(modelPath, (await readClassNames(modelPath)).length);
  return evaluate(modelPath, files, options, (classNames) => multiLabelMetrics(classNames, thresholds));
}

function otherKind(modelPath: string, what: string, other: string): SignetError {
  return new SignetError('INVALID_SAVED_MODEL', `${modelPath} is ${what}. Evaluate it with ${other}.`);
}

async function evaluate<Result extends { readonly images: number }>(
  modelPath: string,
  files: readonly ImageFile[],
  options: EvaluationOptions,
  metricsOf: (classNames: readonly string[]) => Metrics<Result>,
): Promise<SavedModelEvaluation<Result>> {
  const classNames = await readClassNames(modelPath);
  const decoding = await decodingOf(modelPath);
  const precision = await precisionFor(modelPath, files, decoding, options);
  const model = await LoadedSavedModel.load(modelPath, { precision });
  try {
    evaluatedSignatures.forEach((key) => model.signature(key));
    const byDefault = new SignatureRun(metricsOf(classNames));
    const byBytes = new SignatureRun(metricsOf(classNames));
    const skipped: ImageProblem[] = [];
    let maxLogitDifference = 0;
    for await (const images of batchesOf(files, decoding, skipped, options)) {
      const labelled = images.map(({ file }) => file);
      const fromBytes = byBytes.add(labelled, () => callWithBytes(model, images));
      const fromPixels = byDefault.add(labelled, () => callWithPixels(model, images, decoding));
      maxLogitDifference = Math.max(maxLogitDifference, maxDifference(fromBytes, fromPixels));
      const classes = classNames.length;
      images.forEach(({ file }, i) => options.onLogits?.(file, fromPixels.subarray(i * classes, (i + 1) * classes)));
    }
    return {
      signatures: { serving_default: byDefault.result(), serving_bytes: byBytes.result() },
      maxLogitDifference,
      skipped,
      precision,
    };
  } finally {
    model.dispose();
  }
}

/** Measures the first images that decode, where it is to be measured. */
function precisionFor(
  modelPath: string,
  files: readonly ImageFile[],
  decoding: Decoding,
  { precision = 'float32', onNote = () => undefined }: EvaluationOptions,
): Promise<Precision> {
  const first = files.slice(0, trialImages);
  const make = async (each: Precision): Promise<Measured> => {
    const { images } = await readBatch(first, decoding);
    const model = await LoadedSavedModel.load(modelPath, { precision: each });
    const run = () => void (images.length > 0 && callWithBytes(model, images));
    return { run, dispose: () => model.dispose() };
  };
  return fasterPrecision(precision, { what: `a call with ${first.length} images`, make, onNote });
}

class SignatureRun<Result extends { readonly images: number }> {
  #milliseconds = 0;

  constructor(private readonly metrics: Metrics<Result>) {}

  add(images: readonly ImageFile[], call: () => SignatureAnswer): Float32Array {
    const { logits, milliseconds } = call();
    this.#milliseconds += milliseconds;
    this.metrics.add(logits, images);
    return logits;
  }

  result(): SignatureEvaluation<Result> {
    const result = this.metrics.result();
    return { ...result, imagesPerSecond: result.images / (this.#milliseconds / 1000) };
  }
}

/** Images of one size go in one call, as many as fit `pixelsPerCall`; logits come back in the order of the images. */
function callWithPixels(model: LoadedSavedModel, images: readonly ImageBytes[], decoding: Decoding): SignatureAnswer {
  const answers = groupBySize(images, decoding).map((group) => {
    const pixels = tf.tidy(() =>
      tf.stack(group.map((i) => decodeBytes(images[i]?.bytes ?? new Uint8Array(), decoding))),
    );
    const answer = callSignature(model, 'serving_default', 'input_tensor', pixels);
    pixels.dispose();
    return { group, ...answer };
  });
  const classes = (answers[0]?.logits.length ?? 0) / (answers[0]?.group.length ?? 1);
  const logits = new Float32Array(images.length * classes);
  for (const { group, logits: some } of answers) {
    group.forEach((i, k) => logits.set(some.subarray(k * classes, (k + 1) * classes), i * classes));
  }
  return { logits, milliseconds: answers.reduce((total, { milliseconds }) => total + milliseconds, 0) };
}

/** A decoded pixel takes 12 bytes: a call holds at most about 100 MB, or a single larger image. */
const pixelsPerCall = 8_000_000;

/** Positions of images of one size, in groups of a bounded number of pixels. */
function groupBySize(images: readonly ImageBytes[], { exif }: Decoding): number[][] {
  return groupPositions(
    images,
    ({ file }) => (exif === 'apply' ? uprightSize(file) : [file.width, file.height]).join('x'),
    ({ file: { width, height } }) => Math.floor(pixelsPerCall / (width * height)),
  );
}

function maxDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}
