import * as tf from '../loading/library.js';

import { replaced } from './replaced.js';

/** TF.js's layer `reLU`, as far as its call is mended here; its class is not exported. */
interface ReLU {
  readonly maxValue: number | null | undefined;
  call: (this: ReLU, inputs: tf.Tensor | tf.Tensor[], kwargs: unknown) => tf.Tensor;
}

/**
 * Gives the layer `reLU` with a `maxValue` of 6, which every MobileNet and EfficientNet-Lite has after each convolution, TensorFlow's own op for it: TF.js
 * takes three, each of which goes through all values, and TensorFlow fuses none of them into the convolution.
 */
replaced(Object.getPrototypeOf(tf.layers.reLU()) as ReLU, 'call', (original) => {
  return function (inputs, kwargs) {
    const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
    return this.maxValue === 6 && input.dtype === 'float32' ? tf.relu6(input) : original.call(this, inputs, kwargs);
  };
});
