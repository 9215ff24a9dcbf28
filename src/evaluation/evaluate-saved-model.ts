import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readImageFile } from '../data/image-decoder.js';
import type { ImageFile } from '../data/inspect-image-file.js';
import { SignetError } from '../errors.js';
import { decodeImage } from '../ops/decode-image.js';
import { stringScalar, stringVector } from '../ops/strings.js';
import { LoadedSavedModel } from '../saved-model/load-saved-model.js';
import * as tf from '../tensorflow/tf.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';

/** The signatures that an image classifier is evaluated by. */
export const evaluatedSignatures = ['serving_default', 'serving_bytes'] as const;
export type EvaluatedSignature = (typeof evaluatedSignatures)[number];

/** What a signature answered to all images. */
export interface SignatureEvaluation extends ClassificationResult {
  /** Time in the signature itself; reading files, and decoding for `serving_default`, is left out. */
  readonly imagesPerSecond: number;
}

/** What an evaluation of a SavedModel found. */
export interface SavedModelEvaluation {
  readonly signatures: Readonly<Record<EvaluatedSignature, SignatureEvaluation>>;
  /** The largest difference between the two signatures' logits for one image. */
  readonly maxLogitDifference: number;
}

/** The class names that travel with a model. @throws SignetError `INVALID_SAVED_MODEL` when it has none. */
export async function readClassNames(modelPath: string): Promise<string[]> {
  const file = path.join(modelPath, 'assets', 'class_names.txt');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${modelPath} is no classifier of Signet: it has no assets/class_names.txt. Give a directory that train-model wrote, such as models/LenetModel/1.`,
      { cause: error },
    );
  });
  return text.split('\n').filter((name) => name !== '');
}

/**
 * Sends every image through both signatures of a SavedModel on disk.
 *
 * @param onProgress Called after each batch with the number of images done.
 * @throws SignetError `BAD_IMAGE` for an image that does not decode, `INVALID_SAVED_MODEL`.
 */
export async function evaluateSavedModel(
  modelPath: string,
  files: readonly ImageFile[],
  { batchSize, onProgress }: { readonly batchSize: number; readonly onProgress?: (done: number) => void },
): Promise<SavedModelEvaluation> {
  const classNames = await readClassNames(modelPath);
  const model = await LoadedSavedModel.load(modelPath);
  try {
    evaluatedSignatures.forEach((key) => model.signature(key));
    const byDefault = new SignatureRun(classNames);
    const byBytes = new SignatureRun(classNames);
    let maxLogitDifference = 0;
    for (let i = 0; i < files.length; i += batchSize) {
      const batch = files.slice(i, i + batchSize);
      const bytes = await Promise.all(batch.map((file) => readImageFile(file)));
      const labels = batch.map(({ label }) => label);
      const fromBytes = byBytes.add(labels, () => callWithBytes(model, batch, bytes));
      const fromPixels = byDefault.add(labels, () => callWithPixels(model, batch, bytes));
      maxLogitDifference = Math.max(maxLogitDifference, maxDifference(fromBytes, fromPixels));
      onProgress?.(Math.min(i + batchSize, files.length));
      // Each batch gives the event loop a turn, for the progress bar and Ctrl-C.
      await new Promise(setImmediate);
    }
    return {
      signatures: { serving_default: byDefault.result(), serving_bytes: byBytes.result() },
      maxLogitDifference,
    };
  } finally {
    model.dispose();
  }
}

interface Answer {
  readonly logits: Float32Array;
  readonly milliseconds: number;
}

class SignatureRun {
  readonly #metrics: ClassificationMetrics;
  #milliseconds = 0;

  constructor(classNames: readonly string[]) {
    this.#metrics = new ClassificationMetrics(classNames);
  }

  add(labels: readonly number[], call: () => Answer): Float32Array {
    const { logits, milliseconds } = call();
    this.#milliseconds += milliseconds;
    this.#metrics.add(logits, labels);
    return logits;
  }

  result(): SignatureEvaluation {
    const result = this.#metrics.result();
    return { ...result, imagesPerSecond: result.images / (this.#milliseconds / 1000) };
  }
}

function callWithBytes(model: LoadedSavedModel, files: readonly ImageFile[], bytes: readonly Uint8Array[]): Answer {
  const input = stringVector(bytes);
  try {
    return timedCall(model, 'serving_bytes', 'image_bytes_string', input);
  } catch (error) {
    throw badImage(files, bytes) ?? error;
  } finally {
    input.dispose();
  }
}

/** Images of one size go in one call; logits come back in the order of the files. */
function callWithPixels(model: LoadedSavedModel, files: readonly ImageFile[], bytes: readonly Uint8Array[]): Answer {
  const answers = [...groupBySize(files).values()].map((group) => {
    const images = tf.tidy(() => tf.stack(group.map((i) => decodeBytes(bytes[i] ?? new Uint8Array()))));
    const answer = timedCall(model, 'serving_default', 'input_tensor', images);
    images.dispose();
    return { group, ...answer };
  });
  const classes = (answers[0]?.logits.length ?? 0) / (answers[0]?.group.length ?? 1);
  const logits = new Float32Array(files.length * classes);
  for (const { group, logits: some } of answers) {
    group.forEach((i, k) => logits.set(some.subarray(k * classes, (k + 1) * classes), i * classes));
  }
  return { logits, milliseconds: answers.reduce((total, { milliseconds }) => total + milliseconds, 0) };
}

function groupBySize(files: readonly ImageFile[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [i, { width, height }] of files.entries()) {
    const key = `${width}x${height}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return groups;
}

function timedCall(model: LoadedSavedModel, key: EvaluatedSignature, name: string, input: tf.Tensor): Answer {
  const start = performance.now();
  const outputs = model.call(key, { [name]: input });
  const logits = outputs.output_0?.dataSync<'float32'>().slice() ?? new Float32Array();
  const milliseconds = performance.now() - start;
  tf.dispose(outputs);
  return { logits, milliseconds };
}

function decodeBytes(bytes: Uint8Array): tf.Tensor3D {
  return tf.tidy(() => decodeImage(stringScalar(bytes)));
}

/** The first of the images that does not decode by itself. */
function badImage(files: readonly ImageFile[], bytes: readonly Uint8Array[]): SignetError | null {
  for (const [i, file] of files.entries()) {
    try {
      decodeBytes(bytes[i] ?? new Uint8Array()).dispose();
    } catch (error) {
      const message = `${file.path} does not decode. Mend or remove it, or leave it out with --on-bad-image skip.`;
      return new SignetError('BAD_IMAGE', message, { cause: error });
    }
  }
  return null;
}

function maxDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}
