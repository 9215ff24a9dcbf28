import {
  ImageClassifierModel,
  type ImageClassifierOptions,
  lookUpLabel,
  tensorSpec,
  tf,
  tfFunction,
  type TopLabels,
} from '../../../src/index.js';

/**
 * A small network for pictures of 32 x 32 pixels. It inherits how pictures are decoded and resized, training, saving, and the signatures that
 * every classifier has, such as `serving_labels`.
 */
export class MyClassifier extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    const { conv2d, dense, flatten, maxPooling2d, rescaling } = tf.layers;
    super(options, [32, 32], (_, classes) => [
      rescaling({ scale: 1 / 255 }),
      conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu', name: 'conv_1' }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu', name: 'conv_2' }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 64, activation: 'relu', name: 'features' }),
      dense({ units: classes, name: 'logits' }),
    ]);
  }

  /**
   * The class's own signature. `image_bytes_string`: string [n], the bytes of picture files. Returns `label`, string [n], the most probable class;
   * `probability`, float32 [n]; and `lead`, float32 [n], how much more probable it is than the second class.
   */
  readonly predictAnswer = tfFunction(
    (files: tf.Tensor) => {
      const { class_index: classes, probability } = this.predictLabels(files) as TopLabels;
      const [best, second] = [column(probability, 0), column(probability, 1)];
      return {
        label: lookUpLabel(column(classes, 0), this.classNamesFile),
        probability: best,
        lead: tf.sub(best, second),
      };
    },
    { inputSignature: { image_bytes_string: tensorSpec('string', [null]) } },
  );

  protected override ownSignatures() {
    return { ...super.ownSignatures(), serving_answer: this.predictAnswer };
  }
}

/** Column i of [n, k], as [n]. */
function column(table: tf.Tensor, i: number): tf.Tensor {
  return tf.reshape(tf.slice(table, [0, i], [-1, 1]), [-1]);
}
