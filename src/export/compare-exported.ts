import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import { createRandom } from '../data/dataset/random.js';
import { argMax } from '../evaluation/agreement.js';
import { readEachImage } from '../evaluation/read-each-image.js';
import { decodeImage, type ExifHandling } from '../ops/decode-image.js';
import { stringScalar } from '../ops/strings.js';
import { LoadedSavedModel } from '../saved-model/run/load-saved-model.js';
import * as tf from '../tensorflow/tf.js';
import type { ExportedModel, Pictures } from './runtimes/exported-model.js';

/** How an exported model did on the pictures, next to the SavedModel it was made from. */
export interface ExportedAgreement {
  /** Fraction of images whose class is right; null for pictures without a class. */
  readonly accuracy: number | null;
  /** Images for which it chooses the class that the SavedModel chooses. */
  readonly agree: number;
  /** Largest difference of a probability. */
  readonly maxDifference: number;
  /** Mean time for one image at a time. */
  readonly millisecondsPerImage: number;
}

/** The SavedModel and its exports, on the same pictures. */
export interface ExportComparison {
  readonly images: number;
  readonly savedModel: Pick<ExportedAgreement, 'accuracy' | 'millisecondsPerImage'>;
  /** In the order of the models. */
  readonly exported: readonly ExportedAgreement[];
}

/** A picture with the class that it shows; null where nobody knows. */
export interface LabelledPicture extends Pictures {
  readonly label: number | null;
}

/** What is compared, and how. */
export interface CompareOptions {
  /** Key of a signature that takes pixels, and gives logits first. */
  readonly signature: string;
  /** Thresholds of a multi-label model, by class; its accuracy is not counted. Default: the model gives each picture one class. */
  readonly thresholds?: Float32Array | null | undefined;
  /** Called after each picture with how many are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Runs a SavedModel's signature and its exports on the same pictures, one at a time. */
export async function compareExported(
  directory: string,
  models: readonly ExportedModel[],
  pictures: AsyncIterable<LabelledPicture>,
  { signature, thresholds = null, onProgress }: CompareOptions,
): Promise<ExportComparison> {
  const original = await LoadedSavedModel.load(directory);
  try {
    const reference = new Tally(thresholds);
    const tallies = models.map(() => new Tally(thresholds));
    for await (const picture of pictures) {
      const expected = callSavedModel(original, signature, picture);
      reference.add(picture, expected, expected.logits);
      for (const [i, model] of models.entries())
        tallies[i]?.add(picture, await model.classify(picture), expected.logits);
      onProgress?.(reference.images);
    }
    return {
      images: reference.images,
      savedModel: reference.result(),
      exported: tallies.map((tally) => tally.result()),
    };
  } finally {
    original.dispose();
  }
}

function callSavedModel(model: LoadedSavedModel, key: string, { pixels, shape }: Pictures) {
  const signature = model.signature(key);
  const [input = ''] = Object.keys(signature.inputs);
  const [output = ''] = Object.keys(signature.outputs).sort();
  const start = performance.now();
  const result = model.callValues(key, { [input]: { dtype: 'float32', shape, values: pixels } }, [output])[output];
  return { logits: (result?.values ?? new Float32Array()) as Float32Array, milliseconds: performance.now() - start };
}

/** What is counted of one model. */
class Tally {
  images = 0;
  #right = 0;
  #labelled = 0;
  #agree = 0;
  #maxDifference = 0;
  /** The first call prepares the graph: it is not counted. */
  readonly #milliseconds: number[] = [];

  constructor(private readonly thresholds: Float32Array | null) {}

  add(
    { label }: LabelledPicture,
    { logits, milliseconds }: { logits: Float32Array; milliseconds: number },
    expected: Float32Array,
  ): void {
    this.images += 1;
    if (label !== null && this.thresholds === null) {
      this.#labelled += 1;
      if (label === argMax(logits)) this.#right += 1;
    }
    const [ours, theirs] = [this.#probabilities(logits), this.#probabilities(expected)];
    if (this.#chosen(ours) === this.#chosen(theirs)) this.#agree += 1;
    ours.forEach((value, i) => {
      const difference = Math.abs(value - (theirs[i] ?? NaN));
      // NaN is the largest difference there is.
      if (!(difference <= this.#maxDifference)) this.#maxDifference = difference;
    });
    this.#milliseconds.push(milliseconds);
  }

  #probabilities(logits: Float32Array): number[] {
    return this.thresholds ? Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit))) : softmax(logits);
  }

  /** The class, or the classes, that a picture has. */
  #chosen(probabilities: readonly number[]): string {
    const { thresholds } = this;
    if (!thresholds) return String(argMax(Float32Array.from(probabilities)));
    return probabilities.flatMap((each, i) => (each >= (thresholds[i] ?? 0.5) ? [i] : [])).join(' ');
  }

  result(): ExportedAgreement {
    const counted = this.#milliseconds.length > 1 ? this.#milliseconds.slice(1) : this.#milliseconds;
    return {
      accuracy: this.#labelled === 0 ? null : this.#right / this.#labelled,
      agree: this.#agree,
      maxDifference: this.#maxDifference,
      millisecondsPerImage: counted.reduce((a, b) => a + b, 0) / Math.max(1, counted.length),
    };
  }
}

/** Turns logits, [classes], into probabilities. */
export function softmax(logits: Float32Array): number[] {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Reads and decodes image files one after the other, upright where the model turns pictures so. Files that do not decode are left out. */
export async function* picturesOf(files: readonly ImageFile[], exif: ExifHandling): AsyncGenerator<LabelledPicture> {
  for (const file of files) {
    const { images } = await readEachImage([file], (bytes) => decodePicture(bytes, exif));
    for (const { pixels, height, width } of images) yield { pixels, shape: [1, height, width, 3], label: file.label };
  }
}

function decodePicture(bytes: Uint8Array, exif: ExifHandling): { pixels: Float32Array; height: number; width: number } {
  const image = tf.tidy(() => decodeImage(stringScalar(bytes), { exif }).toFloat());
  const [height, width] = image.shape;
  const pixels = image.dataSync<'float32'>().slice();
  image.dispose();
  return { pixels, height, width };
}

/** Makes the same noise pictures every time, for when there are no photographs to compare with. */
export async function* noisePictures(count: number): AsyncGenerator<LabelledPicture> {
  const random = createRandom(1);
  for (let i = 0; i < count; i += 1) {
    const [height, width] = [40 + i * 13, 64 + i * 7];
    await new Promise(setImmediate);
    yield {
      pixels: Float32Array.from({ length: height * width * 3 }, () => Math.floor(random() * 256)),
      shape: [1, height, width, 3],
      label: null,
    };
  }
}
