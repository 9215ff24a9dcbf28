import * as tf from '../../tensorflow/tf.js';

/** Options of `Normalization`. */
export interface NormalizationOptions {
  /** Name of the layer. Default: TF.js makes one. */
  readonly name?: string;
  /** Mean of each channel. */
  readonly mean: readonly number[];
  /** Variance of each channel. */
  readonly variance: readonly number[];
}

/** Subtracts each channel's mean and divides by its standard deviation; like `keras.layers.Normalization` with given numbers. */
export class Normalization extends tf.layers.Layer {
  static readonly className = 'SignetNormalization';
  readonly #mean: readonly number[];
  readonly #variance: readonly number[];

  constructor({ mean, variance, ...layer }: NormalizationOptions) {
    super(layer);
    this.#mean = mean;
    this.#variance = variance;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
    const deviation = this.#variance.map(Math.sqrt);
    return tf.tidy(() => tf.div(tf.sub(input, tf.tensor1d([...this.#mean])), tf.tensor1d(deviation)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), mean: [...this.#mean], variance: [...this.#variance] };
  }
}

tf.serialization.registerClass(Normalization);
