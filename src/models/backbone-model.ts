import { SignetError } from '../errors.js';
import type { ImageSize } from '../ops/decode-and-resize.js';
import { keepInInferenceMode } from '../tensorflow/mended/repair-batch-normalization.js';
import type * as tf from '../tensorflow/tf.js';
import { ImageClassifierModel, type ImageClassifierOptions } from './image-classifier-model.js';
import { aroundBackbone, logitsOf, rescaled } from './classifier/head.js';
import type { OwnOptions } from './classifier/model-description.js';
import { loadPretrained, type PretrainedOptions } from './load-pretrained.js';
import { nearNames } from '../text/near-names.js';

/** Options of a classifier with a backbone. */
export interface BackboneOptions extends ImageClassifierOptions {
  /** Share of the features that is dropped before the logits while training, 0 to less than 1. Default: 0. */
  readonly dropout?: number | undefined;
  /** Whether only the head is trained and the backbone stays as it is. Default: false. */
  readonly freezeBackbone?: boolean | undefined;
  /** First layer of the backbone that is trained; the layers before it stay frozen. Default: all are trained. */
  readonly fineTuneFrom?: string | undefined;
  /**
   * Whether the backbone's batch normalization keeps its averages and normalizes with them even while the backbone is trained. For fine-tuning on few
   * images, whose batches have unreliable statistics: Keras's `backbone(images, training=False)`. Default: false.
   */
  readonly freezeBatchNormalization?: boolean | undefined;
  /**
   * Whether the last layer is that of Keras Applications, `predictions`, for weights that were published with it, rather than your own head,
   * `logits`, which such weights do not affect. Modelled on Keras's `include_top`. Default: false.
   *
   * Either way it is a dense layer that gives logits: Keras's `predictions` with `classifier_activation=None`. The softmax that Keras
   * ends with has no weights; it is in `serving_labels` and `serving_classify`, whose results are probabilities.
   */
  readonly includeTop?: boolean | undefined;
  /**
   * Features that the head takes: `last`, the backbone's output, or `stages`, the activations at the end of earlier stages too, which are less
   * specialized in ImageNet's classes. Either way they are averaged over rows and columns. `stages` is for EfficientNetLiteModel. Default: `last`.
   */
  readonly headFeatures?: HeadFeatures | undefined;
}

/** Features that the head of a backbone takes. */
export type HeadFeatures = 'last' | 'stages';

/** Builds a backbone: from images as `preprocess` gives them, [n, height, width, 3], to features, [n, h, w, channels]. */
export type BuildBackbone = (images: tf.SymbolicTensor) => tf.SymbolicTensor;

/** Layers around a backbone that differ between families. */
export interface AroundBackbone {
  /** Prepares pixels of 0 to 255, in layers named as in `aroundBackbone.before`. Default: scales them to -1 to 1. */
  readonly preprocess?: BuildBackbone;
  /** Layers of the head between the pooling and the logits. Default: none. */
  readonly beforeLogits?: readonly tf.layers.Layer[];
  /** Names of the layers whose outputs the head takes too with `headFeatures: 'stages'`. Default: none, so there is no such choice. */
  readonly stages?: readonly string[];
}

/**
 * A classifier with a backbone, whose weights may come pretrained, and a head of average pooling and a dense layer of logits.
 *
 * A frozen layer's weights do not take part in a training step, and its batch normalization stays in inference mode. `compile` the model
 * again after freezing or unfreezing layers.
 */
export abstract class BackboneModel extends ImageClassifierModel {
  readonly #made: Pick<BackboneOptions, 'includeTop' | 'dropout' | 'freezeBatchNormalization' | 'headFeatures'>;

  /** @param defaultSize The architecture's own height and width, in pixels. */
  protected constructor(
    options: BackboneOptions,
    defaultSize: ImageSize,
    buildBackbone: BuildBackbone,
    { preprocess = rescaled, beforeLogits = [], stages = [] }: AroundBackbone = {},
  ) {
    const { dropout = 0, freezeBackbone = false, fineTuneFrom, includeTop = false, seed } = options;
    const { freezeBatchNormalization = false, headFeatures = 'last' } = options;
    checkOptions(options);
    checkHeadFeatures(new.target.name, options, stages);
    const taken = headFeatures === 'stages' ? stages : [];
    super(options, defaultSize, (images, classes) =>
      logitsOf(buildBackbone(preprocess(images)), classes, { dropout, seed, includeTop, beforeLogits, stages: taken }),
    );
    this.#made = { includeTop, dropout, freezeBatchNormalization, headFeatures };
    if (freezeBatchNormalization) this.#freezeBatchNormalization();
    if (freezeBackbone) this.freezeBackbone();
    if (fineTuneFrom !== undefined) this.#fineTuneOrDispose(fineTuneFrom);
  }

  /**
   * Makes a model of this class whose backbone has been trained: on ImageNet, with published weights, which are downloaded once per user, or
   * with those of a file. The head of a model with other classes starts from random weights.
   *
   * @throws SignetError `OFFLINE`, `DOWNLOAD_FAILED`, `INVALID_WEIGHTS`, `INVALID_SAVED_MODEL`, `CANNOT_WRITE`; `INVALID_ARGUMENT` for a size without
   *   published weights.
   * @example
   * ```ts
   * const model = await EfficientNetLiteModel.pretrained({ classNames, freezeBackbone: true });
   * ```
   */
  static async pretrained<Options extends BackboneOptions, Model extends BackboneModel>(
    this: new (options: Options) => Model,
    options: Options,
    pretrained: PretrainedOptions = {},
  ): Promise<Model> {
    const model = new this(options);
    try {
      await loadPretrained(model, pretrained);
      return model;
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Leaves the backbone as it is: only the head is trained. */
  freezeBackbone(): void {
    this.#backbone.forEach((layer) => (layer.trainable = false));
  }

  /**
   * Trains the head and the backbone from a layer on, in the order of `layers`; the layers before it stay frozen.
   *
   * @throws SignetError `INVALID_ARGUMENT` that lists names like the one received.
   */
  fineTuneFrom(layerName: string): void {
    const layers = this.#backbone;
    const names = layers.map(({ name }) => name);
    const first = names.indexOf(layerName);
    if (first === -1) throw unknownLayer(this.constructor.name, layerName, names);
    layers.forEach((layer, i) => (layer.trainable = i >= first));
  }

  /** Trains all layers again. */
  unfreeze(): void {
    this.#backbone.forEach((layer) => (layer.trainable = true));
  }

  /** Returns the options that create a model like this one; options with their default values are left out. */
  protected override ownOptions(): OwnOptions {
    const { headFeatures, ...made } = this.#made;
    const own = { ...made, headFeatures: headFeatures === 'last' ? undefined : headFeatures, ...this.#frozen() };
    return Object.fromEntries(
      Object.entries(own).filter((entry): entry is [string, OwnOptions[string]] => Boolean(entry[1])),
    );
  }

  /** The option, `freezeBackbone` or `fineTuneFrom`, that froze the layers; none if they were frozen in some other pattern. */
  #frozen(): Pick<BackboneOptions, 'freezeBackbone' | 'fineTuneFrom'> {
    const layers = this.#backbone;
    const first = layers.findIndex(({ trainable }) => trainable);
    if (first === -1) return { freezeBackbone: true };
    const isFrozenFromTheStart = first > 0 && layers.slice(first).every(({ trainable }) => trainable);
    return isFrozenFromTheStart ? { fineTuneFrom: layers[first]?.name } : {};
  }

  get #backbone(): tf.layers.Layer[] {
    const { before, after } = aroundBackbone;
    const begin = this.layers.findLastIndex(({ name }) => before.some((other) => other === name)) + 1;
    return this.layers.slice(
      begin,
      this.layers.findIndex(({ name }) => name === after),
    );
  }

  #freezeBatchNormalization(): void {
    this.#backbone.filter((layer) => layer.getClassName() === 'BatchNormalization').forEach(keepInInferenceMode);
  }

  #fineTuneOrDispose(layerName: string): void {
    try {
      this.fineTuneFrom(layerName);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }
}

function checkOptions({ dropout = 0, freezeBackbone = false, fineTuneFrom }: BackboneOptions): void {
  if (!(dropout >= 0 && dropout < 1)) {
    throw new SignetError('INVALID_ARGUMENT', `dropout is from 0 to less than 1. Received: ${dropout}.`);
  }
  if (!freezeBackbone || fineTuneFrom === undefined) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `freezeBackbone trains the head alone, fineTuneFrom a part of the backbone too: give one. Received: both, with "${fineTuneFrom}".`,
  );
}

/** @throws SignetError `INVALID_ARGUMENT` for a class without stages, and with published logits, which are for the last features. */
function checkHeadFeatures(
  model: string,
  { headFeatures = 'last', includeTop = false }: BackboneOptions,
  stages: readonly string[],
): void {
  if (headFeatures === 'last') return;
  if (headFeatures !== 'stages' || stages.length === 0) {
    const known = stages.length === 0 ? 'last; EfficientNetLiteModel has stages too' : 'last or stages';
    throw new SignetError(
      'INVALID_ARGUMENT',
      `The head features of ${model} (--head-features) are ${known}. Received: ${String(headFeatures)}.`,
    );
  }
  if (!includeTop) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `includeTop takes published logits, which are for the last features only: leave headFeatures out. Received: ${headFeatures}.`,
  );
}

function unknownLayer(model: string, received: string, names: readonly string[]): SignetError {
  return new SignetError(
    'INVALID_ARGUMENT',
    `${model} has no layer "${received}" in its backbone, which goes from ${names[0]} to ${names.at(-1)}. ` +
      `Names like it: ${nearNames(received, names).join(', ')}.`,
  );
}
