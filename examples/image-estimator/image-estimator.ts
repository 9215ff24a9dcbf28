import {
  asset,
  decodeAndResize,
  lookUpLabel,
  parseExample,
  Servable,
  tensorSpec,
  tf,
  tfFunction,
} from '../../src/index.js';

const classes = 3;

/**
 * One network behind TensorFlow Serving's three APIs: Predict gives a dictionary, Classify labels and scores, Regress a number.
 * Classify and Regress take serialized tf.Examples, as TensorFlow Serving makes them from its JSON.
 */
export class ImageEstimator extends Servable {
  readonly labels = asset(new URL('labels.txt', import.meta.url));
  readonly dense = tf.layers.dense({
    units: 16,
    activation: 'relu',
    kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
  });
  readonly head = tf.layers.dense({
    units: classes,
    activation: 'softmax',
    kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
  });
  readonly #conv = tf.layers.conv2d({
    filters: 4,
    kernelSize: 5,
    strides: 4,
    inputShape: [128, 128, 3],
    kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
  });

  /** `examples`: uint8 [n, 128, 128, 3]. Returns `prediction`, int32 [n], and `dense`, the whole dense layer, float32 [n, 16]. */
  readonly estimate = tfFunction(
    (examples: tf.Tensor) => {
      const { dense, probabilities } = this.#run(tf.cast(examples, 'float32'));
      return { prediction: tf.argMax(probabilities, -1), dense };
    },
    { inputSignature: { examples: tensorSpec('uint8', [null, 128, 128, 3]) } },
  );

  /** `inputs`: string [n], tf.Examples with `image/encoded`. Returns every class's label and score, and how sure it is. */
  readonly judge = tfFunction(
    (inputs: tf.Tensor) => {
      const { 'image/encoded': files } = parseExample(inputs, { 'image/encoded': { dtype: 'string' } });
      const { probabilities } = this.#run(decodeAndResize(files, [128, 128]));
      const everyClass = tf.add(tf.zerosLike(tf.cast(probabilities, 'int32')), tf.range(0, classes, 1, 'int32'));
      return {
        classes: lookUpLabel(everyClass, this.labels),
        scores: probabilities,
        certainty: tf.max(probabilities, -1),
      };
    },
    { inputSignature: { inputs: tensorSpec('string', [null]) } },
  );

  async export(directory: string): Promise<void> {
    await this.save(directory, {
      signatures: {
        serving_default: this.estimate,
        classify: { function: this.judge, method: 'classify', outputs: { classes: 'classes', scores: 'scores' } },
        regress: { function: this.judge, method: 'regress', outputs: { outputs: 'certainty' } },
      },
    });
  }

  /** `images`: float32 [n, 128, 128, 3], 0 to 255. */
  #run(images: tf.Tensor): { dense: tf.Tensor; probabilities: tf.Tensor } {
    const features = tf.mean(tf.relu(this.#conv.apply(tf.div(images, 255)) as tf.Tensor), [1, 2]);
    const dense = this.dense.apply(features) as tf.Tensor;
    return { dense, probabilities: this.head.apply(dense) as tf.Tensor };
  }
}
