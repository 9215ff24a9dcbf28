import {
  asset,
  convertImageDtype,
  decodeBase64,
  decodeJpeg,
  lookUpLabel,
  mapFn,
  resizeImages,
  Servable,
  tensorSpec,
  tf,
  tfFunction,
} from '../../src/index.js';

type Symbolic = tf.SymbolicTensor;

/**
 * From text to text: a client sends JPEGs as base64 and gets labels. Everything in between, decoding, scaling, the network, the
 * best class and its label, is in the graph.
 */
export class EndToEndClassifier extends Servable {
  readonly labels = asset(new URL('labels.txt', import.meta.url));
  readonly network = inceptionLike(5);

  /** `image`: string [n], base64 text of JPEGs of any size. Returns `label`, string [n]. */
  readonly classify = tfFunction(
    (image: tf.Tensor) => {
      const images = mapFn((bytes) => this.#prepare(bytes), decodeBase64(image));
      const scores = this.network.apply(images) as tf.Tensor;
      return { label: lookUpLabel(tf.argMax(scores, -1), this.labels) };
    },
    { inputSignature: { image: tensorSpec('string', [null]) } },
  );

  async export(directory: string): Promise<void> {
    await this.save(directory, { signatures: { serving_default: this.classify } });
  }

  /** One file's bytes to float32 [299, 299, 3], 0 to 1. */
  #prepare(bytes: tf.Tensor): tf.Tensor {
    const pixels = convertImageDtype(decodeJpeg(bytes, { dtype: 'int32' }), 'float32');
    return tf.squeeze(resizeImages(tf.expandDims<tf.Tensor4D>(pixels), [299, 299]), [0]);
  }
}

/** InceptionV3 in miniature: a stem and one block of four branches, with random weights. */
function inceptionLike(classes: number): tf.LayersModel {
  let seed = 0;
  const conv = (x: Symbolic, filters: number, kernelSize: number, strides = 1) => {
    seed += 1;
    const kernelInitializer = tf.initializers.glorotUniform({ seed });
    const layer = tf.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: 'same',
      activation: 'relu',
      kernelInitializer,
    });
    return layer.apply(x) as Symbolic;
  };
  const images = tf.input({ shape: [299, 299, 3] });
  const stem = conv(conv(images, 8, 3, 2), 8, 3, 2);
  const x = tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(stem) as Symbolic;
  const pooled = tf.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(x) as Symbolic;
  const branches = [
    conv(x, 4, 1),
    conv(conv(x, 4, 1), 6, 5),
    conv(conv(conv(x, 4, 1), 6, 3), 6, 3),
    conv(pooled, 4, 1),
  ];
  const mixed = tf.layers.concatenate().apply(branches);
  const features = tf.layers.globalAveragePooling2d({}).apply(mixed);
  const kernelInitializer = tf.initializers.randomNormal({ seed: 100, stddev: 3 });
  const scores = tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }).apply(features);
  return tf.model({ inputs: images, outputs: scores as Symbolic });
}
