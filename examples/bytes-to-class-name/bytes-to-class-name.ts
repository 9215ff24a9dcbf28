import { asset, decodeAndResize, lookUpLabel, Servable, tensorSpec, tf, tfFunction } from '../../src/index.js';

type Symbolic = tf.SymbolicTensor;

/** Takes one image's bytes and returns its class's name. Clients may send the bytes as a scalar or as a list of one. */
export class BytesToClassName extends Servable {
  readonly labels = asset(new URL('labels.txt', import.meta.url));
  readonly network = mobileNetLike(4);

  /** `image_bytes`: string of any rank, one file: JPEG, PNG, GIF or BMP. Returns `class_name`, string [1]. */
  readonly nameImage = tfFunction(
    (imageBytes: tf.Tensor) => {
      const images = decodeAndResize(tf.reshape(imageBytes, [1]), [96, 96]);
      const logits = this.network.apply(tf.sub(tf.div(images, 127.5), 1)) as tf.Tensor;
      return { class_name: lookUpLabel(tf.argMax(logits, -1), this.labels) };
    },
    { inputSignature: { image_bytes: tensorSpec('string', null) } },
  );

  async export(directory: string): Promise<void> {
    await this.save(directory, { signatures: { serving_default: this.nameImage } });
  }
}

/** MobileNetV2 in miniature: two inverted residual blocks, with random weights. */
function mobileNetLike(classes: number): tf.LayersModel {
  let seed = 0;
  const initializer = () => tf.initializers.heNormal({ seed: (seed += 1) });
  const conv = (x: Symbolic, filters: number, kernelSize: number, strides = 1) =>
    tf.layers
      .conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, kernelInitializer: initializer() })
      .apply(x) as Symbolic;
  const relu6 = (x: Symbolic) => tf.layers.reLU({ maxValue: 6 }).apply(x) as Symbolic;
  const depthwise = (x: Symbolic) =>
    tf.layers
      .depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, depthwiseInitializer: initializer() })
      .apply(x) as Symbolic;
  const block = (x: Symbolic) =>
    tf.layers.add().apply([x, conv(relu6(depthwise(relu6(conv(x, 24, 1)))), 8, 1)]) as Symbolic;

  const images = tf.input({ shape: [96, 96, 3] });
  const features = block(block(relu6(conv(images, 8, 3, 4))));
  const pooled = tf.layers.globalAveragePooling2d({}).apply(features);
  const logits = tf.layers.dense({ units: classes, kernelInitializer: initializer() }).apply(pooled);
  return tf.model({ inputs: images, outputs: logits as Symbolic });
}
