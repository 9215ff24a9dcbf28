import { randomUniform } from '../../ops/random.js';
import { randomLayerSeed } from '../../tensorflow/mended/random-layers.js';
import * as tf from '../../tensorflow/tf.js';

/** Options of `Dropout`. */
export interface DropoutOptions {
  /** Name of the layer. Default: TF.js makes one. */
  readonly name?: string;
  /** Share of the elements that is dropped, 0 to less than 1. */
  readonly rate: number;
  /**
   * Seed, a whole number: the same seed drops the same elements, in an interrupted run too. Default: one derived from the classifier's seed; without
   * that, something else each time.
   */
  readonly seed?: number | undefined;
}

/**
 * Sets a share of the elements to 0 while training, and scales the others so that the sum stays the same on average, as `keras.layers.Dropout` does.
 *
 * `tf.layers.dropout`, as patched by Signet, draws in the same way.
 */
export class Dropout extends tf.layers.Layer {
  /** Name under which TF.js serializes it. */
  static readonly className = 'SignetDropout';
  readonly #rate: number;
  readonly #seed: number | undefined;

  constructor({ rate, seed, ...layer }: DropoutOptions) {
    super(layer);
    this.#rate = rate;
    this.#seed = seed;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
    if (kwargs.training !== true || this.#rate === 0) return tf.clone(input);
    return tf.tidy(() => {
      const isKept = tf.greaterEqual(randomUniform(input.shape, 0, 1, this.#seed ?? randomLayerSeed(this)), this.#rate);
      return tf.mul(tf.mul(input, tf.cast(isKept, 'float32')), 1 / (1 - this.#rate));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate, ...(this.#seed !== undefined && { seed: this.#seed }) };
  }
}

tf.serialization.registerClass(Dropout);
