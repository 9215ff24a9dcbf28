import type { ImageProblem } from '../../data/image-file/image-problem.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { tryToReadImageFile } from '../../data/image-file/try-to-read-image-file.js';
import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { stringVector } from '../../ops/strings.js';
import { CompiledFunctions } from '../../saved-model/run/compile.js';
import { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import type * as tf from '../../tensorflow/tf.js';
import { decodeReason } from '../../data/dataset/image-decoder.js';

/** A network that describes images by numbers, its features. */
export interface ImageEmbedder {
  /**
   * Computes the features of encoded images. Blocks the thread meanwhile.
   *
   * @param contents Files that TensorFlow decodes, string [n].
   * @returns float32 [n, features]; the caller owns it.
   */
  embed(contents: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** Features of images by a model in this process. The model may be disposed of afterwards. @throws SignetError `INVALID_ARGUMENT` for a model without features. */
export async function modelEmbedder({ embedImage, constructor }: ImageClassifierModel): Promise<ImageEmbedder> {
  if (!embedImage) throw new SignetError('INVALID_ARGUMENT', `${constructor.name} has no features: ${noFeatures}`);
  const compiled = await CompiledFunctions.compile(
    { embed: embedImage.getConcreteFunction() },
    { areVariablesConstant: true },
  );
  return { embed: (contents) => onlyOutput(compiled.call('embed', [contents])), dispose: () => compiled.dispose() };
}

/** Features of images by a model on disk. @throws SignetError `INVALID_SAVED_MODEL`, also for a model without the signature `serving_embedding`. */
export async function savedModelEmbedder(directory: string): Promise<ImageEmbedder> {
  const model = await LoadedSavedModel.load(directory);
  if (!model.signatures[embeddingSignature]) {
    model.dispose();
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} has no signature "${embeddingSignature}": ${noFeatures}`,
    );
  }
  const embed = (contents: tf.Tensor) => onlyOutput(model.call(embeddingSignature, { image_bytes_string: contents }));
  return { embed, dispose: () => model.dispose() };
}

const embeddingSignature = 'serving_embedding';
const noFeatures =
  'no single layer with weights gives its logits. Give another model, or none for the features of EfficientNet-Lite0.';

function onlyOutput(outputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor {
  const [output] = Object.values(outputs);
  if (!output) throw new Error('unreachable: an embedding is one output');
  return output;
}

/** Features of n images. */
export interface ImageFeatures {
  /** [n, size] in C order; all 0 for an image that does not decode. */
  readonly values: Float32Array;
  /** Number of features per image. */
  readonly size: number;
}

/** Options of `embedImages`. */
export interface EmbedOptions {
  /** Called with the number of images done. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Ends it early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Features of all images, and the problems of images that do not decode. */
export interface EmbeddedImages {
  readonly features: ImageFeatures;
  readonly bad: readonly ImageProblem[];
}

/** Images per call: enough to use every core, few enough to be shown and stopped. */
const imagesPerCall = 32;

/** Computes the features of images in their order, in chunks; files are read ahead. */
export async function embedImages(
  embedder: ImageEmbedder,
  files: readonly ImageFile[],
  { onProgress, signal }: EmbedOptions = {},
): Promise<EmbeddedImages> {
  let features: ImageFeatures = { values: new Float32Array(), size: 0 };
  const bad: ImageProblem[] = [];
  const read = (begin: number) => Promise.all(files.slice(begin, begin + imagesPerCall).map((file) => tryToReadImageFile(file))); // prettier-ignore
  let reading = read(0);
  for (let begin = 0; begin < files.length; begin += imagesPerCall) {
    signal?.throwIfAborted();
    const contents = await reading;
    reading = read(begin + imagesPerCall);
    for (const { position, row } of embedChunk(embedder, contents, files.slice(begin), bad)) {
      if (features.size === 0) features = { values: new Float32Array(files.length * row.length), size: row.length };
      features.values.set(row, (begin + position) * features.size);
    }
    onProgress?.(Math.min(begin + imagesPerCall, files.length));
    // A call blocks: the event loop gets a turn, for the progress bar and Ctrl-C.
    await new Promise(setImmediate);
  }
  return { features, bad };
}

interface EmbeddedRow {
  readonly position: number;
  readonly row: Float32Array;
}

/** Features of a chunk. One image that does not decode fails the call; then each image gets its own call. */
function embedChunk(
  embedder: ImageEmbedder,
  contents: readonly (Uint8Array | ImageProblem)[],
  files: readonly ImageFile[],
  bad: ImageProblem[],
): EmbeddedRow[] {
  const read: { position: number; bytes: Uint8Array }[] = [];
  for (const [position, content] of contents.entries()) {
    if (content instanceof Uint8Array) read.push({ position, bytes: content });
    else bad.push(content);
  }
  try {
    return embedTogether(embedder, read);
  } catch {
    return read.flatMap((one) => {
      try {
        return embedTogether(embedder, [one]);
      } catch (error) {
        bad.push({ path: files[one.position]?.path ?? '', kind: 'corrupt', message: decodeReason(error) });
        return [];
      }
    });
  }
}

function embedTogether(
  embedder: ImageEmbedder,
  images: readonly { readonly position: number; readonly bytes: Uint8Array }[],
): EmbeddedRow[] {
  if (images.length === 0) return [];
  const values = withVector(images.map(({ bytes }) => bytes), (contents) => embedder.embed(contents)); // prettier-ignore
  const size = values.length / images.length;
  return images.map(({ position }, i) => ({ position, row: values.subarray(i * size, (i + 1) * size) }));
}

function withVector(contents: readonly Uint8Array[], run: (contents: tf.Tensor) => tf.Tensor): Float32Array {
  const vector = stringVector(contents);
  try {
    const result = run(vector);
    const values = result.dataSync<'float32'>().slice();
    result.dispose();
    return values;
  } finally {
    vector.dispose();
  }
}
