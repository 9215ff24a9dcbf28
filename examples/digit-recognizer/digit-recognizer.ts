import {
  accuracy,
  fit,
  type ImageDataset,
  imageDatasetFromDirectory,
  Servable,
  sparseCategoricalCrossentropy,
  tensorSpec,
  tf,
  tfFunction,
} from '../../src/index.js';

/** Recognizes handwritten digits, 28 x 28 and gray. Is trained here, and exported version by version. */
export class DigitRecognizer extends Servable {
  readonly network: tf.LayersModel = tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 8,
        kernelSize: 5,
        activation: 'relu',
        inputShape: [28, 28, 1],
        kernelInitializer: seeded(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, kernelInitializer: seeded(2) }),
    ],
  });

  /** `images`: float32 [n, 28, 28, 1], 0 (paper) to 1 (ink). Returns `digit`, int32 [n], and `probabilities`, float32 [n, 10]. */
  readonly recognize = tfFunction(
    (images: tf.Tensor) => {
      const probabilities = tf.softmax(this.network.apply(images) as tf.Tensor2D);
      return { digit: tf.argMax(probabilities, -1), probabilities };
    },
    { inputSignature: { images: tensorSpec('float32', [null, 28, 28, 1]) } },
  );

  /** @param directory A folder with a folder of pictures for each digit. */
  async train(directory: string, epochs: number): Promise<void> {
    this.network.compile({ optimizer: tf.train.adam(0.003), loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
    const pictures = await imageDatasetFromDirectory(directory, { imageSize: [28, 28], seed: 1 });
    await fit(this.network, gray(pictures), { epochs });
  }

  /** @param directory Directory of a version, such as `models/digit-recognizer/1`. */
  async export(directory: string): Promise<void> {
    await this.save(directory, { signatures: { serving_default: this.recognize } });
  }
}

/** The data set's pictures have three equal channels, 0 to 255. */
export function gray(pictures: ImageDataset) {
  return pictures.map(({ xs, ys }) => ({ xs: tf.div(tf.mean(xs, -1, true), 255), ys }));
}

function seeded(seed: number) {
  return tf.initializers.glorotUniform({ seed });
}
