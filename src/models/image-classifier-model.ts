import { SignetError } from '../errors.js';
import { decodeBase64 } from '../ops/base64.js';
import { decodeAndResize, type ImageSize, resizeImages } from '../ops/decode-and-resize.js';
import { lookUpLabel, topLabels } from '../ops/labels.js';
import { parseExample } from '../ops/parse-example.js';
import { type ClassifierFunctions, classifierParts } from './classifier/classifier-signatures.js';
import { saveServable } from '../signatures/save-servable.js';
import * as tf from '../tensorflow/tf.js';
import { type Asset, asset } from '../tracing/asset.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { checkLayers } from './classifier/check-layers.js';
import { initializeWeights } from './classifier/initialize-weights.js';
import type { ModelDescription, OwnOptions } from './classifier/model-description.js';

/** What every classifier is made from. */
export interface ImageClassifierOptions {
  /** In the order of the labels; they travel in `assets/class_names.txt`. At least two. */
  readonly classNames: readonly string[];
  /** Pixels that images are resized to. Default: the architecture's own. */
  readonly inputHeight?: number;
  /** Pixels. Default: the architecture's own. */
  readonly inputWidth?: number;
  /** Draws the first weights: the same seed, the same weights. Default: another draw each time. */
  readonly seed?: number;
}

/** From the images, [n, height, width, 3] with pixels 0 to 255, to logits, [n, classes]. */
export type BuildLayers = (images: tf.SymbolicTensor, classes: number) => tf.SymbolicTensor;

/** What `save` writes beside the model. */
export interface SaveOptions extends NonNullable<Parameters<tf.LayersModel['save']>[1]> {
  /** Files for `assets.extra/`, by name. */
  readonly assetsExtra?: Readonly<Record<string, string>>;
}

/**
 * An image classifier that exports itself: `save` writes a TensorFlow SavedModel whose signatures are methods of this class.
 *
 * A subclass gives its layers, and no more:
 *
 * @example
 * ```ts
 * export class TinyModel extends ImageClassifierModel {
 *   constructor(options: ImageClassifierOptions) {
 *     super(options, [32, 32], (images, classes) => {
 *       let x = tf.layers.rescaling({ scale: 1 / 255 }).apply(images);
 *       x = tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }).apply(x);
 *       x = tf.layers.flatten().apply(x);
 *       return tf.layers.dense({ units: classes, name: 'logits' }).apply(x) as tf.SymbolicTensor;
 *     });
 *   }
 * }
 * ```
 */
export abstract class ImageClassifierModel extends tf.LayersModel implements ClassifierFunctions {
  readonly classNames: readonly string[];
  /** Height and width that images are resized to, in pixels. */
  readonly imageSize: ImageSize;
  /** A class name a line. */
  readonly classNamesFile: Asset;

  /** `input_tensor`: float32 [n, h, w, 3], RGB pixels 0 to 255 of any size. Returns logits, float32 [n, classes]. */
  readonly predictNumpyImage = tfFunction(
    (inputTensor: tf.Tensor) => this.#logits(resizeImages(inputTensor as tf.Tensor4D, this.imageSize)),
    { inputSignature: { input_tensor: tensorSpec('float32', [null, null, null, 3]) } },
  );

  /** `image_bytes_string`: string [n], encoded images of any sizes and formats. Returns logits, float32 [n, classes]. */
  readonly predictBytesImage = tfFunction(
    (imageBytesString: tf.Tensor) => this.#logits(decodeAndResize(imageBytesString, this.imageSize)),
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
  );

  /** `examples`: uint8 [n, h, w, 3], in TF.js int32, pixels of any size. Returns logits, float32 [n, classes]. */
  readonly predictUint8Image = tfFunction(
    (examples: tf.Tensor) => this.#logits(resizeImages(tf.cast(examples as tf.Tensor4D, 'float32'), this.imageSize)),
    { inputSignature: { examples: tensorSpec('uint8', [null, null, null, 3]) } },
  );

  /** `image`: string [n], encoded images as base64 text. Returns the best class's name, string [n]. */
  readonly predictBase64Image = tfFunction(
    (image: tf.Tensor) => {
      const logits = this.#logits(decodeAndResize(decodeBase64(image), this.imageSize));
      return lookUpLabel(tf.argMax(logits, -1), this.classNamesFile);
    },
    { inputSignature: { image: tensorSpec('string', [null]) } },
  );

  /** `image_bytes_string`: string [n]. Returns the up to five best classes, best first, each [n, k]: `TopLabels`. */
  readonly predictLabels = tfFunction(
    (imageBytesString: tf.Tensor) => {
      const probabilities = tf.softmax(this.#logits(decodeAndResize(imageBytesString, this.imageSize)));
      return { ...topLabels(probabilities, this.classNamesFile, Math.min(bestClasses, this.classNames.length)) };
    },
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
  );

  /** `image_bytes_string`: string [n]. Returns `embedding`, float32 [n, d]: what goes into the last layer. */
  readonly embedImage = tfFunction(
    (imageBytesString: tf.Tensor) => {
      const embedding = this.#intoLastLayer(decodeAndResize(imageBytesString, this.imageSize));
      return { embedding: tf.reshape(embedding, [imageBytesString.shape[0], -1]) };
    },
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
  );

  /** `inputs`: string [n], serialized tf.Examples with `image/encoded`. Returns every class's name and probability, [n, classes]. */
  readonly classifyExamples = tfFunction(
    (inputs: tf.Tensor) => {
      const { 'image/encoded': images } = parseExample(inputs, { 'image/encoded': { dtype: 'string' } });
      const scores = tf.softmax(this.#logits(decodeAndResize(images, this.imageSize)));
      const all = tf.range(0, this.classNames.length, 1, 'int32');
      const rows = tf.zeros([inputs.shape[0], 1], 'int32');
      return { classes: lookUpLabel(tf.add(rows, all), this.classNamesFile), scores };
    },
    { inputSignature: { inputs: tensorSpec('string', [null]) } },
  );

  /** One function of the graph for all signatures; only the sizes of the images differ before it. */
  readonly #logits: (images: tf.Tensor) => tf.Tensor;

  readonly #ownOptions: OwnOptions;

  /**
   * @param defaultSize The architecture's own height and width.
   * @param ownOptions Options that the subclass has beside these, as `loadModel` gives them to its constructor again.
   */
  protected constructor(
    options: ImageClassifierOptions,
    defaultSize: ImageSize,
    buildLayers: BuildLayers,
    ownOptions: OwnOptions = {},
  ) {
    const { classNames, inputHeight = defaultSize[0], inputWidth = defaultSize[1], seed } = options;
    checkClassNames(classNames);
    const inputs = tf.input({ shape: [inputHeight, inputWidth, 3], name: 'images' });
    super({ inputs, outputs: buildLayers(inputs, classNames.length) });
    this.#checkLayers(classNames.length);
    this.classNames = classNames;
    this.#ownOptions = ownOptions;
    this.classNamesFile = asset({ name: 'class_names.txt', content: classNames.map((name) => `${name}\n`).join('') });
    this.imageSize = [inputHeight, inputWidth];
    this.#logits = tfFunction((images: tf.Tensor) => this.apply(images, { training: false }) as tf.Tensor, {
      inputSignature: { images: tensorSpec('float32', [null, inputHeight, inputWidth, 3]) },
      name: 'logits',
    });
    if (seed !== undefined) initializeWeights(this, seed);
  }

  /** What it was made from: its class, sizes and own options, as `loadModel` reads them from a saved one. */
  get description(): ModelDescription {
    const [inputHeight, inputWidth] = this.imageSize;
    return { modelType: this.constructor.name, inputHeight, inputWidth, options: { ...this.#ownOptions } };
  }

  /**
   * Writes a SavedModel with the signatures of `classifierSignatures`. The directory appears whole or not at all.
   *
   * @param destination A directory, replaced if it exists; a handler or URL of TF.js (`file://...`) saves as TF.js does.
   * @throws SignetError `CANNOT_WRITE`.
   */
  override async save(
    destination: Parameters<tf.LayersModel['save']>[0],
    options: SaveOptions = {},
  ): ReturnType<tf.LayersModel['save']> {
    if (typeof destination !== 'string' || destination.includes('://')) return super.save(destination, options);
    await saveServable(this, destination, classifierParts(this, options.assetsExtra));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }

  #checkLayers(classes: number): void {
    try {
      checkLayers(this, this.constructor.name, classes);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #intoLastLayer(images: tf.Tensor): tf.Tensor {
    const input = this.layers.at(-1)?.input;
    if (input instanceof tf.SymbolicTensor) return this.execute(images, input.name) as tf.Tensor;
    throw new SignetError(
      'NOT_TRACEABLE',
      'An embedding is what goes into the last layer of a classifier, one tensor. This one takes several.',
    );
  }
}

/** How many classes `serving_labels` gives, where there are as many. */
const bestClasses = 5;

/** A name is a line of `assets/class_names.txt`. */
function checkClassNames(classNames: unknown): asserts classNames is readonly string[] {
  if (!Array.isArray(classNames) || !classNames.every((name) => typeof name === 'string')) {
    const received = Array.isArray(classNames) ? 'a list of other things' : typeof classNames;
    throw new SignetError('INVALID_ARGUMENT', `classNames is a list of names: ['cat', 'dog']. Received: ${received}.`);
  }
  if (classNames.length < 2) {
    throw new SignetError('INVALID_ARGUMENT', `A classifier has at least 2 classes. Received: ${classNames.length}.`);
  }
  const wrong = classNames.find((name) => name === '' || /[\r\n]/.test(name));
  if (wrong === undefined) return;
  throw new SignetError('INVALID_ARGUMENT', `A class name is one line of text. Received: ${JSON.stringify(wrong)}.`);
}
