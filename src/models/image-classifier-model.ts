import { SignetError } from '../errors.js';
import { decodeAndResize, type ImageSize, resizeImages } from '../ops/decode-and-resize.js';
import { type ClassifierFunctions, classifierSignatures } from '../signatures/classifier-signatures.js';
import { saveServable } from '../signatures/save-servable.js';
import * as tf from '../tensorflow/tf.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { initializeWeights } from './initialize-weights.js';

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

  /** `input_tensor`: float32 [n, h, w, 3], RGB pixels 0 to 255 of any size. Returns logits, float32 [n, classes]. */
  readonly predictNumpyImage = tfFunction(
    (inputTensor: tf.Tensor) => this.#logits(resizeImages(inputTensor as tf.Tensor4D, this.imageSize)),
    { inputSignature: { input_tensor: tensorSpec('float32', [null, null, null, 3]) }, name: 'predictNumpyImage' },
  );

  /** `image_bytes_string`: string [n], encoded images of any sizes and formats. Returns logits, float32 [n, classes]. */
  readonly predictBytesImage = tfFunction(
    (imageBytesString: tf.Tensor) => this.#logits(decodeAndResize(imageBytesString, this.imageSize)),
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) }, name: 'predictBytesImage' },
  );

  /** @param defaultSize The architecture's own height and width. */
  protected constructor(options: ImageClassifierOptions, defaultSize: ImageSize, buildLayers: BuildLayers) {
    const { classNames, inputHeight = defaultSize[0], inputWidth = defaultSize[1], seed } = options;
    if (classNames.length < 2) {
      throw new SignetError('INVALID_ARGUMENT', `A classifier has at least 2 classes. Received: ${classNames.length}.`);
    }
    const inputs = tf.input({ shape: [inputHeight, inputWidth, 3], name: 'images' });
    super({ inputs, outputs: buildLayers(inputs, classNames.length) });
    this.classNames = classNames;
    this.imageSize = [inputHeight, inputWidth];
    if (seed !== undefined) initializeWeights(this, seed);
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
    const { assetsExtra } = options;
    await saveServable(this, destination, {
      signatures: classifierSignatures,
      variables: this.weights.map((weight) => weight.read() as tf.Variable),
      assets: { 'class_names.txt': this.classNames.map((name) => `${name}\n`).join('') },
      ...(assetsExtra && { assetsExtra }),
    });
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }

  #logits(images: tf.Tensor): tf.Tensor {
    return this.apply(images, { training: false }) as tf.Tensor;
  }
}
