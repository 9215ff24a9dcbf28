import * as tf from '../../tensorflow/tf.js';

/** A layer that computes each element by itself. */
abstract class ElementwiseLayer extends tf.layers.Layer {
  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
    return tf.tidy(() => this.compute(input));
  }

  protected abstract compute(x: tf.Tensor): tf.Tensor;
}

/** `relu6(x + 3) / 6`, as in MobileNetV3 and Keras 3; TF.js's own `hardSigmoid` is Keras 2's, `0.2 x + 0.5`. */
export class HardSigmoid extends ElementwiseLayer {
  static readonly className = 'SignetHardSigmoid';

  protected override compute(x: tf.Tensor): tf.Tensor {
    return hardSigmoid(x);
  }
}

/** `x relu6(x + 3) / 6`. Source: Howard et al., arXiv:1905.02244. */
export class HardSwish extends ElementwiseLayer {
  static readonly className = 'SignetHardSwish';

  protected override compute(x: tf.Tensor): tf.Tensor {
    return tf.mul(x, hardSigmoid(x));
  }
}

function hardSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.div(tf.relu6(tf.add(x, 3)), 6);
}

tf.serialization.registerClass(HardSigmoid);
tf.serialization.registerClass(HardSwish);
