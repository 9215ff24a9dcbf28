import { SignetError } from '../errors.js';
import type { ImageSize } from '../ops/decode-and-resize.js';
import { keepInInferenceMode } from '../tensorflow/mended/repair-batch-normalization.js';
import type * as tf from '../tensorflow/tf.js';
import { ImageClassifierModel } from './image-classifier-model.js';
import { headNames, type IncludeTopOptions } from './classifier/include-top.js';
import { logitsOf, rescaled } from './classifier/layer-calls.js';
import type { OwnOptions } from './classifier/model-description.js';
import { nearNames } from '../text/near-names.js';

/** How a classifier with a backbone is made. */
export interface BackboneOptions extends IncludeTopOptions {
  /** Part of the features that are dropped before the logits while training, 0 to less than 1. Default: 0. */
  readonly dropout?: number;
  /** Whether only the head is trained, and the backbone stays as it is. Default: false. */
  readonly freezeBackbone?: boolean;
  /** The first layer of the backbone that is trained; those before it stay as they are. Default: all are trained. */
  readonly fineTuneFrom?: string;
  /**
   * Whether the backbone's batch normalization goes on normalizing with the averages that it has, and leaves them alone, where it is
   * trained. For fine-tuning on few images, whose batches say little: Keras's `backbone(images, training=False)`. Default: false.
   */
  readonly freezeBatchNormalization?: boolean;
}

/** From images, [n, height, width, 3] with values -1 to 1, to features, [n, h, w, channels]. */
export type BuildBackbone = (images: tf.SymbolicTensor) => tf.SymbolicTensor;

/** What `description` says of the options, which change when layers are frozen or thawed. */
type ChangingOptions = Record<string, OwnOptions[string]> & { freezeBackbone?: boolean; fineTuneFrom?: string };

/** The layers around a backbone. */
const around = { before: 'rescaling', after: ['avg_pool', 'dropout', ...Object.values(headNames)] } as const;

/**
 * A classifier of a backbone, whose weights others have trained, and a head of average pooling and a dense layer of logits.
 *
 * A frozen layer's weights are no part of a training step, and its batch normalization stays in inference mode. `compile` the model
 * after its layers were frozen or thawed.
 */
export abstract class BackboneModel extends ImageClassifierModel {
  readonly #changing: ChangingOptions;

  /**
   * @param defaultSize The architecture's own height and width.
   * @param ownOptions Options that the subclass has beside these, as `loadModel` gives them to its constructor again.
   */
  protected constructor(
    options: BackboneOptions,
    defaultSize: ImageSize,
    buildBackbone: BuildBackbone,
    ownOptions: OwnOptions = {},
  ) {
    const { dropout = 0, freezeBackbone = false, fineTuneFrom, includeTop = false, seed } = options;
    const { freezeBatchNormalization = false } = options;
    checkOptions(options);
    // `description` reads it anew each time.
    const changing: ChangingOptions = {
      ...ownOptions,
      ...(includeTop && { includeTop }),
      ...(dropout > 0 && { dropout }),
      ...(freezeBatchNormalization && { freezeBatchNormalization }),
    };
    super(
      options,
      defaultSize,
      (images, classes) => logitsOf(buildBackbone(rescaled(images)), classes, { dropout, seed, includeTop }),
      changing,
    );
    this.#changing = changing;
    if (freezeBatchNormalization) this.#freezeBatchNormalization();
    if (freezeBackbone) this.freezeBackbone();
    if (fineTuneFrom !== undefined) this.#fineTuneOrDispose(fineTuneFrom);
  }

  /** Leaves the backbone as it is: only the head is trained. */
  freezeBackbone(): void {
    this.#backbone.forEach((layer) => (layer.trainable = false));
    delete this.#changing.fineTuneFrom;
    this.#changing.freezeBackbone = true;
  }

  /**
   * Trains the head and the backbone from a layer on, in the order of `layers`; those before it stay as they are.
   *
   * @throws SignetError `INVALID_ARGUMENT` that lists names like the one received.
   */
  fineTuneFrom(layerName: string): void {
    const layers = this.#backbone;
    const first = layers.findIndex(({ name }) => name === layerName);
    if (first === -1) throw unknownLayer(this.constructor.name, layerName, layers.map(({ name }) => name)); // prettier-ignore
    layers.forEach((layer, i) => (layer.trainable = i >= first));
    delete this.#changing.freezeBackbone;
    this.#changing.fineTuneFrom = layerName;
  }

  /** Trains all layers again. */
  unfreeze(): void {
    this.#backbone.forEach((layer) => (layer.trainable = true));
    delete this.#changing.freezeBackbone;
    delete this.#changing.fineTuneFrom;
  }

  get #backbone(): tf.layers.Layer[] {
    const begin = this.layers.findIndex(({ name }) => name === around.before) + 1;
    return this.layers.slice(begin).filter(({ name }) => !around.after.some((other) => other === name));
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

function unknownLayer(model: string, received: string, names: readonly string[]): SignetError {
  return new SignetError(
    'INVALID_ARGUMENT',
    `${model} has no layer "${received}" in its backbone, which goes from ${names[0]} to ${names.at(-1)}. ` +
      `Names like it: ${nearNames(received, names).join(', ')}.`,
  );
}
