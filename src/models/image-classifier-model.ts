import { SignetError } from '../errors.js';
import '../ops/random-layers.js';
import { decodeBase64 } from '../ops/base64.js';
import { decodeAndResize } from '../ops/decode-and-resize.js';
import {
  completePreprocessing,
  type CompletePreprocessing,
  fitImages,
  type ImageSize,
  type Preprocessing,
} from '../ops/fit-images.js';
import { lookUpLabel, type TopLabels, topLabels } from '../ops/labels.js';
import { parseExample } from '../ops/parse-example.js';
import {
  type ClassifierFunctions,
  classifierParts,
  classifierSignatures,
  type Signatures,
} from './classifier/classifier-signatures.js';
import { saveServable, type ServedFunction } from '../signatures/save-servable.js';
import { Tracker } from '../signatures/track-object.js';
import * as tf from '../tensorflow/tf.js';
import { type Asset, asset } from '../tracing/asset.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { forgetGraphs, isTfFunction, type TfFunction, tfFunction } from '../tracing/tf-function.js';
import { evaluate } from '../training/evaluate.js';
import { fit } from '../training/fit.js';
import { type FitDatasetArgs, fitOptionsOf } from '../training/fit-options-of.js';
import {
  accuracy,
  binaryCrossentropy,
  binarySmoothingOf,
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../training/losses.js';
import { trainingSessionOf } from '../training/steps/training-session.js';
import { checkLayers } from './classifier/check-layers.js';
import type { ConfidenceSettings } from './classifier/confidence-settings.js';
import {
  type ClassifierAnswer,
  type Embeddings,
  type EmbeddingNetwork,
  embeddingNetworkOf,
  embeddingOf,
} from './classifier/embedding.js';
import { featureMapsOf } from './classifier/feature-map.js';
import { heatmapsOf } from './classifier/heatmap.js';
import { initializeWeights } from './classifier/initialize-weights.js';
import type { ModelDescription, OwnOptions } from './classifier/model-description.js';
import { recognitionOf } from './classifier/recognize-images.js';
import { applyLayers } from './classifier/layer-calls.js';

/** Options of every image classifier. Turning and resizing pictures is part of the model: its signatures do it, wherever it is served. */
export interface ImageClassifierOptions extends Preprocessing {
  /** Names of the classes in the order of their labels, at least two; they are saved in `assets/class_names.txt`. */
  readonly classNames: readonly string[];
  /** Height that images are resized to, in pixels. Default: the architecture's own. */
  readonly inputHeight?: number | undefined;
  /** Width that images are resized to, in pixels. Default: the architecture's own. */
  readonly inputWidth?: number | undefined;
  /**
   * Whether an image may have several classes, or none: then each class has a probability of its own, the sigmoid of its logit, and a
   * threshold from which on an image has it. Default: false.
   */
  readonly multiLabel?: boolean | undefined;
  /** Whether `save` adds the signature `serving_heatmap`, which shows where in an image a class was seen: `explainImage`. Default: false. */
  readonly withHeatmap?: boolean | undefined;
  /** Seed of the first weights, and of layers that draw while they are trained. Default: something else each time. */
  readonly seed?: number | undefined;
}

/**
 * Builds a classifier's layers: either as a list of layers that follow one another or, if they branch, as the logits that they compute from the
 * images.
 *
 * @param images float32 [n, height, width, 3], pixels 0 to 255.
 * @param classes Number of classes.
 * @returns The layers, or the logits, float32 [n, classes].
 */
export type BuildLayers = (
  images: tf.SymbolicTensor,
  classes: number,
) => tf.SymbolicTensor | readonly tf.layers.Layer[];

/** Options of `compile`: TF.js's, with the loss and metrics of a classifier as defaults. */
export interface ClassifierCompileOptions extends Pick<tf.ModelCompileArgs, 'optimizer'> {
  /** Loss that is minimized. Default: `sparseCategoricalCrossentropy`, from logits; of a multi-label classifier `binaryCrossentropy`. */
  readonly loss?: tf.ModelCompileArgs['loss'] | undefined;
  /** Metrics that are computed in addition to the loss. Default: `[accuracy]`; `[]` for none. */
  readonly metrics?: tf.ModelCompileArgs['metrics'] | undefined;
}

/** Options of `save`. */
export interface SaveOptions extends NonNullable<Parameters<tf.LayersModel['save']>[1]> {
  /** Contents of further files in `assets.extra/`, by name. Default: none. */
  readonly assetsExtra?: Readonly<Record<string, string | Uint8Array>> | undefined;
}

/**
 * An image classifier that exports itself: `save` writes a TensorFlow SavedModel whose signatures are methods of this class.
 *
 * A subclass only has to provide its layers:
 *
 * @example
 * ```ts
 * export class TinyModel extends ImageClassifierModel {
 *   constructor(options: ImageClassifierOptions) {
 *     const { conv2d, dense, flatten, rescaling } = tf.layers;
 *     super(options, [32, 32], (_, classes) => [
 *       rescaling({ scale: 1 / 255 }),
 *       conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }),
 *       flatten(),
 *       dense({ units: classes }),
 *     ]);
 *   }
 * }
 * ```
 */
export abstract class ImageClassifierModel extends tf.LayersModel implements ClassifierFunctions {
  /** Names of the classes in the order of the logits. */
  readonly classNames: readonly string[];
  /** Height and width that images are resized to, in pixels. */
  readonly imageSize: ImageSize;
  /** How pictures of any size become the model's, in training and in its signatures. */
  readonly preprocessing: CompletePreprocessing;
  /** The class names, one per line. */
  readonly classNamesFile: Asset;
  /** Whether an image may have several classes, or none. */
  readonly multiLabel: boolean;
  /**
   * Probability of each class from which on an image has it, float32 [classes]: 1/2 until `assign` sets others, such as those of `chooseThresholds`.
   * It is saved with the weights, and is not trained. Null unless the classifier is multi-label.
   */
  readonly thresholds: tf.Variable<tf.Rank.R1> | null;
  /** Whether `save` adds the signature `serving_heatmap`, if the network has heat maps. */
  readonly withHeatmap: boolean;
  /** Directions of the training images' embeddings, float32 [centroids, features], each of length 1; null unless `setConfidence` was given any. */
  knownCentroids: tf.Variable<tf.Rank.R2> | null = null;
  /** The function of `serving_known`; null unless `setConfidence` was given thresholds for it. */
  recognizeImage: TfFunction | null = null;

  /** `input_tensor`: float32 [n, h, w, 3], RGB pixels 0 to 255 of any size. Returns logits, float32 [n, classes]. */
  readonly predictNumpyImage = tfFunction(
    (inputTensor: tf.Tensor) => this.#logits(this.#fit(inputTensor as tf.Tensor4D)),
    { inputSignature: { input_tensor: tensorSpec('float32', [null, null, null, 3]) } },
  );

  /** `image_bytes_string`: string [n], encoded images of any sizes and formats. Returns logits, float32 [n, classes]. */
  readonly predictBytesImage = tfFunction(
    (imageBytesString: tf.Tensor) => this.#logits(this.#decode(imageBytesString)),
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
  );

  /** `examples`: uint8 [n, h, w, 3], in TF.js int32, pixels of any size. Returns logits, float32 [n, classes]. */
  readonly predictUint8Image = tfFunction(
    (examples: tf.Tensor) => this.#logits(this.#fit(tf.cast(examples as tf.Tensor4D, 'float32'))),
    { inputSignature: { examples: tensorSpec('uint8', [null, null, null, 3]) } },
  );

  /** `image`: string [n], encoded images as base64 text. Returns the best class's name, string [n]. */
  readonly predictBase64Image = tfFunction(
    (image: tf.Tensor) => {
      const logits = this.#logits(this.#decode(decodeBase64(image)));
      return lookUpLabel(tf.argMax(logits, -1), this.classNamesFile);
    },
    { inputSignature: { image: tensorSpec('string', [null]) } },
  );

  /**
   * `image_bytes_string`: string [n]. Returns the up to five best classes, best first, each [n, k]: `TopLabels`. A multi-label classifier
   * returns all classes, with `threshold`, float32, and `present`, bool: whether the probability is at least the threshold.
   */
  readonly predictLabels = tfFunction(
    (imageBytesString: tf.Tensor) => {
      const probabilities = this.#probabilities(this.#logits(this.#decode(imageBytesString)));
      return { ...this.#labels(probabilities) };
    },
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
  );

  /**
   * `image_bytes_string`: string [n]. Returns `embedding`, float32 [n, d]: the input of the last layer with weights, which gives the logits. Null if
   * there is no such layer, for example if branches are merged at the end.
   */
  readonly embedImage = this.#embedding();

  /** `inputs`: string [n], serialized tf.Examples with `image/encoded`. Returns every class's name and probability, [n, classes]. */
  readonly classifyExamples = tfFunction(
    (inputs: tf.Tensor) => {
      const { 'image/encoded': images } = parseExample(inputs, { 'image/encoded': { dtype: 'string' } });
      const scores = this.#probabilities(this.#logits(this.#decode(images)));
      const all = tf.range(0, this.classNames.length, 1, 'int32');
      const rows = tf.zeros([inputs.shape[0], 1], 'int32');
      return {
        /** Names of all classes, string [n, classes]. */
        classes: lookUpLabel(tf.add(rows, all), this.classNamesFile),
        /** Their probabilities, float32 [n, classes]. */
        scores,
      };
    },
    { inputSignature: { inputs: tensorSpec('string', [null]) } },
  );

  /** Made on first use; undefined before that. */
  #explain: ExplainImage | null | undefined;
  #confidence: ConfidenceSettings = {};
  /** Null for a network without an embedding. Made on first use; undefined before that. */
  #embeddingNetwork: EmbeddingNetwork | null | undefined;

  /** One function of the graph for all signatures, which differ only in the sizes of the images before it. */
  readonly #logits: (images: tf.Tensor) => tf.Tensor;

  /** Another one for all signatures that take encoded images. */
  readonly #decode = tfFunction(
    (imageBytes: tf.Tensor) => decodeAndResize(imageBytes, this.imageSize, this.preprocessing),
    { inputSignature: { image_bytes: tensorSpec('string', [null]) }, name: 'decode_and_resize' },
  );

  /** @param defaultSize The architecture's own height and width, in pixels. */
  protected constructor(options: ImageClassifierOptions, defaultSize: ImageSize, buildLayers: BuildLayers) {
    const { classNames, inputHeight = defaultSize[0], inputWidth = defaultSize[1], seed } = options;
    const { multiLabel = false, withHeatmap = false } = options;
    checkClassNames(classNames);
    const inputs = tf.input({ shape: [inputHeight, inputWidth, 3], name: 'images' });
    const layers = buildLayers(inputs, classNames.length);
    super({ inputs, outputs: layers instanceof tf.SymbolicTensor ? layers : applyLayers(layers, inputs) });
    this.#checkLayers(classNames.length);
    this.classNames = classNames;
    this.classNamesFile = asset({ name: 'class_names.txt', content: classNames.map((name) => `${name}\n`).join('') });
    this.imageSize = [inputHeight, inputWidth];
    this.multiLabel = multiLabel;
    this.thresholds = multiLabel ? thresholdsVariable(classNames.length) : null;
    this.withHeatmap = withHeatmap;
    this.preprocessing = completePreprocessing(options);
    this.#logits = tfFunction((images: tf.Tensor) => this.apply(images, { training: false }) as tf.Tensor, {
      inputSignature: { images: tensorSpec('float32', [null, inputHeight, inputWidth, 3]) },
      name: 'logits',
    });
    if (seed !== undefined) initializeWeights(this, seed);
  }

  /** Description that can recreate the model: its class, sizes and own options, as `loadModel` reads them from a saved one. */
  get description(): ModelDescription {
    const [inputHeight, inputWidth] = this.imageSize;
    return {
      modelType: this.constructor.name,
      inputHeight,
      inputWidth,
      ...this.preprocessing,
      // Left out if it is false, so that such descriptions are the same as before the option existed.
      multiLabel: this.multiLabel || undefined,
      withHeatmap: this.withHeatmap || undefined,
      confidence: Object.keys(this.#confidence).length > 0 ? this.#confidence : undefined,
      options: this.ownOptions(),
    };
  }

  /**
   * Signatures that `save` writes, by name: the ones every classifier has, and the subclass's own.
   *
   * @throws SignetError `INVALID_SIGNATURE` when one of the subclass's own has the name of one that every classifier has.
   */
  get signatures(): Signatures {
    return classifierSignatures(this, this.ownSignatures());
  }

  /** Temperature and thresholds by which the confidence is interpreted; see `setConfidence`. */
  get confidence(): ConfidenceSettings {
    return this.#confidence;
  }

  /** Size of an embedding; null for a network that has none. */
  get features(): number | null {
    return this.#embedded()?.features ?? null;
  }

  /**
   * Sets how to interpret the confidence. All probabilities use the temperature, and `serving_known` the thresholds; logits do not change.
   *
   * @param centroids float32 [centroids, features], each of length 1; copied. Default: unknown images are recognized by the confidence alone.
   */
  setConfidence({ temperature = 1, sure, known }: ConfidenceSettings, centroids?: tf.Tensor2D): void {
    this.#confidence = { ...(temperature !== 1 && { temperature }), ...(sure && { sure }), ...(known && { known }) };
    this.knownCentroids?.dispose();
    this.knownCentroids = centroids ? ownVariable(centroids, 'known_centroids') : null;
    this.recognizeImage = sure || known ? this.#recognition() : null;
    this.#forgetProbabilities();
  }

  /**
   * Computes logits of images, and embeddings where the network has any.
   *
   * @param images float32 [n, height, width, 3] of the model's own size.
   * @returns Logits, float32 [n, classes], and float32 [n, features] or null; the caller owns them.
   */
  answer(images: tf.Tensor): ClassifierAnswer {
    const network = this.#embedded();
    if (!network) return { logits: this.#logits(images), embedding: null };
    return tf.tidy(() => ({ ...network.answer(images) }));
  }

  /**
   * `image_bytes_string`: string [n]; `class_index`: int32 [n], the class of each image, or -1 for the most probable. Returns for each image
   * `heatmap`, float32 [n, height, width] of the model's image size, 0 to 1: where the class was seen, by Grad-CAM; and the class's `class_index`,
   * `class_name` and `probability`, [n]. `exif` and `resize`, string [n], say how the model turns and resizes pictures, so that the map can be laid
   * over the original.
   *
   * Null for a network without a heat map: without a convolution, or with branches that only meet after their pooling. It becomes a signature if
   * `withHeatmap` is set.
   */
  get explainImage(): ExplainImage | null {
    if (this.#explain === undefined) this.#explain = this.#explanation();
    return this.#explain;
  }

  /**
   * Prepares the model for training, as TF.js's `compile` does, with the loss and metrics of a classifier as defaults.
   *
   * @example
   * ```ts
   * model.compile({ optimizer: new Adam() });
   * ```
   *
   * @throws SignetError `INVALID_ARGUMENT` for the cross-entropy of the other kind of classifier.
   */
  override compile(options: ClassifierCompileOptions): void {
    const ownLoss = this.multiLabel ? binaryCrossentropy : sparseCategoricalCrossentropy;
    const { optimizer, loss = ownLoss, metrics = [accuracy] } = options;
    checkLoss(loss, this.multiLabel);
    super.compile({ optimizer, loss, metrics });
  }

  /** Trains the model as TF.js's `fitDataset` does, in compiled steps; `fit` also takes augmentation and other options. */
  override fitDataset(
    dataset: Parameters<tf.LayersModel['fitDataset']>[0],
    args: FitDatasetArgs<unknown>,
  ): Promise<tf.History> {
    // TF.js's typings do not say what a batch is, but its training loop accepts only batches of tensors.
    const batches = dataset as tf.data.Dataset<tf.TensorContainer>;
    return fit(this, batches, fitOptionsOf(this, args as FitDatasetArgs<tf.TensorContainer>));
  }

  /** Computes loss and metrics as TF.js's `evaluateDataset` does, in compiled steps. */
  override evaluateDataset(
    ...[dataset, options]: Parameters<tf.LayersModel['evaluateDataset']>
  ): Promise<tf.Scalar | tf.Scalar[]> {
    // A training validates with this method and has compiled the step already.
    const isInTraining = trainingSessionOf(this) !== null;
    return isInTraining ? super.evaluateDataset(dataset, options) : evaluate(this, dataset, options);
  }

  /**
   * Writes a SavedModel with its `signatures`. The directory appears as a whole or not at all.
   *
   * @param destination A directory, replaced if it exists; a handler or URL of TF.js (`file://...`) saves as TF.js does.
   * @throws SignetError `CANNOT_WRITE`, `NOT_TRACEABLE`, `INVALID_SIGNATURE`.
   */
  override async save(
    destination: Parameters<tf.LayersModel['save']>[0],
    options: SaveOptions = {},
  ): ReturnType<tf.LayersModel['save']> {
    if (typeof destination !== 'string' || destination.includes('://')) return super.save(destination, options);
    await saveServable(this, destination, classifierParts(this, options.assetsExtra));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }

  /**
   * Traces every function that `save` will write, so that you learn before a training what cannot be exported. `save` does not trace them again.
   *
   * @throws SignetError `NOT_TRACEABLE`, `INVALID_SIGNATURE`.
   */
  traceFunctions(): void {
    new Tracker().track(this);
    for (const served of Object.values(this.signatures)) functionOf(served).getConcreteFunction();
  }

  /** Disposes of what TF.js's `dispose` does, and of the thresholds and the centroids. */
  override dispose(): ReturnType<tf.LayersModel['dispose']> {
    // A constructor that fails calls this before they exist.
    if (!(this.thresholds as tf.Variable | null | undefined)?.isDisposed) this.thresholds?.dispose();
    if (!(this.knownCentroids as tf.Variable | null | undefined)?.isDisposed) this.knownCentroids?.dispose();
    return super.dispose();
  }

  /**
   * Returns the subclass's own options, which `loadModel` passes to its constructor in addition to those of every classifier. Override it in a
   * subclass with options of its own.
   */
  protected ownOptions(): OwnOptions {
    return {};
  }

  /**
   * Returns the subclass's own signatures, which `save` writes in addition to those of every classifier. Override it in a subclass with signatures of
   * its own.
   *
   * @example
   * ```ts
   * // string [n], encoded images. Returns the probability of the best class, float32 [n].
   * readonly predictBest = tfFunction((files: tf.Tensor) => tf.max(tf.softmax(this.predictBytesImage(files)), -1), {
   *   inputSignature: { image_bytes_string: tensorSpec('string', [null]) },
   * });
   *
   * protected override ownSignatures() {
   *   return { ...super.ownSignatures(), serving_best: this.predictBest };
   * }
   * ```
   *
   * @returns Functions by name, as `Servable.save` takes them; their names must differ from those of every classifier. Default: none.
   */
  protected ownSignatures(): Signatures {
    return {};
  }

  /** Makes sure that every function that may compute probabilities is traced again, the subclass's own included. */
  #forgetProbabilities(): void {
    const { predictNumpyImage, predictBytesImage, predictUint8Image, predictBase64Image, embedImage } = this;
    const others: unknown[] = [predictNumpyImage, predictBytesImage, predictUint8Image, predictBase64Image, embedImage];
    const own = Object.values(this.ownSignatures()).map(functionOf);
    const functions = [...(Object.values(this) as unknown[]), ...own, this.#explain];
    for (const fn of functions) if (isTfFunction(fn) && !others.includes(fn)) forgetGraphs(fn);
  }

  /** Probabilities, float32 [n, classes], of logits. */
  #probabilities(logits: tf.Tensor): tf.Tensor {
    if (this.multiLabel) return tf.sigmoid(logits);
    const { temperature = 1 } = this.#confidence;
    return tf.softmax(temperature === 1 ? logits : tf.div(logits, temperature));
  }

  #labels(probabilities: tf.Tensor): TopLabels | Record<string, tf.Tensor> {
    const { thresholds, classNamesFile, classNames } = this;
    if (!thresholds) return topLabels(probabilities, classNamesFile, Math.min(bestClasses, classNames.length));
    const labels = topLabels(probabilities, classNamesFile, classNames.length);
    const threshold = tf.gather(thresholds, labels.class_index as tf.Tensor2D);
    return { ...labels, threshold, present: tf.greaterEqual(labels.probability, threshold) };
  }

  #recognition(): TfFunction {
    const recognize = (imageBytesString: tf.Tensor) => {
      const images = this.#decode(imageBytesString);
      const { knownCentroids: centroids, multiLabel } = this;
      const { logits, embedding } = centroids ? this.answer(images) : { logits: this.#logits(images), embedding: null };
      const probabilities = this.#probabilities(logits);
      const labels = this.#labels(probabilities) as TopLabels;
      return recognitionOf({ probabilities, embedding, labels }, this.#confidence, { multiLabel, centroids });
    };
    return tfFunction(recognize, { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } });
  }

  #fit(images: tf.Tensor4D): tf.Tensor4D {
    return fitImages(images, this.imageSize, this.preprocessing);
  }

  #checkLayers(classes: number): void {
    try {
      checkLayers(this, this.constructor.name, classes);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #embedded(): EmbeddingNetwork | null {
    if (this.#embeddingNetwork === undefined) this.#embeddingNetwork = embeddingNetworkOf(this);
    return this.#embeddingNetwork;
  }

  #explanation(): ExplainImage | null {
    const maps = featureMapsOf(this);
    if (!maps) return null;
    return tfFunction(
      (imageBytesString: tf.Tensor, wanted: tf.Tensor) => {
        const found = heatmapsOf(maps, this.#decode(imageBytesString), wanted, this.imageSize);
        const { heatmap, classIndex, logits } = found;
        const ofClass = tf.cast(tf.oneHot(classIndex, this.classNames.length), 'float32');
        const probability = tf.sum(tf.mul(this.#probabilities(logits), ofClass), -1);
        const { exif, resize } = this.preprocessing;
        const rows = tf.zeros([imageBytesString.shape[0]], 'int32');
        return {
          heatmap,
          class_index: classIndex,
          class_name: lookUpLabel(classIndex, this.classNamesFile),
          probability,
          exif: lookUpLabel(rows, tf.tensor1d([exif])),
          resize: lookUpLabel(rows, tf.tensor1d([resize])),
        };
      },
      {
        inputSignature: {
          image_bytes_string: tensorSpec('string', ['batch']),
          class_index: tensorSpec('int32', ['batch']),
        },
        name: 'explain_image',
      },
    );
  }

  #embedding(): TfFunction<[imageBytesString: tf.Tensor], Embeddings> | null {
    const embed = embeddingOf(this);
    return (
      embed &&
      tfFunction(
        (imageBytesString: tf.Tensor) => {
          const embedding = embed(this.#decode(imageBytesString));
          return { embedding: tf.reshape(embedding, [imageBytesString.shape[0], -1]) };
        },
        { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
      )
    );
  }
}

/** The tf function of a signature. */
function functionOf(served: Signatures[string]): TfFunction<never> {
  return isTfFunction(served) ? served : (served as ServedFunction).function;
}

/** Type of `explainImage`. */
export type ExplainImage = TfFunction<
  [imageBytesString: tf.Tensor, classIndex: tf.Tensor],
  Readonly<Record<'heatmap' | 'class_index' | 'class_name' | 'probability' | 'exif' | 'resize', tf.Tensor>>
>;

/** Number of classes that `serving_labels` returns, if there are that many. */
const bestClasses = 5;

function thresholdsVariable(classes: number): tf.Variable<tf.Rank.R1> {
  return tf.tidy(() => ownVariable(tf.fill([classes], 0.5) as tf.Tensor1D, 'thresholds'));
}

/** Creates a variable that is not trained, with a unique name, as TF.js requires of every variable. */
function ownVariable<R extends tf.Rank>(value: tf.Tensor<R>, wanted: string): tf.Variable<R> {
  const taken = tf.engine().registeredVariables;
  let name = wanted;
  for (let i = 1; taken[name]; i += 1) name = `${wanted}_${i}`;
  return tf.variable(value, false, name);
}

function checkLoss(loss: ClassifierCompileOptions['loss'], multiLabel: boolean): void {
  const isOfOther = multiLabel
    ? loss === sparseCategoricalCrossentropy || loss instanceof SparseCategoricalCrossentropy
    : binarySmoothingOf(loss) !== null;
  if (!isOfOther) return;
  const message = multiLabel
    ? 'A multi-label classifier is trained with BinaryCrossentropy. Received: SparseCategoricalCrossentropy, of which an image has one class.'
    : 'BinaryCrossentropy is for images that may have several classes. Make the classifier with multiLabel: true, or take SparseCategoricalCrossentropy.';
  throw new SignetError('INVALID_ARGUMENT', message);
}

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
