/**
 * Gradients of activations, each by TensorFlow's own op for it. TF.js composes them from several ops: relu's from seven, some of which make
 * tensors of ones and zeros as large as the input.
 *
 * These ops have no gradients themselves, so a second derivative uses those of TF.js.
 */
import * as tf from '../loading/library.js';

import { backend } from '../backend.js';
import { attribute } from '../run-op.js';
import { gradientDepth } from './gradient-depth.js';
import { replacedGradient } from './replaced.js';

/** The op, and the order of its inputs: the activation's saved input or output, and the gradient `dy`. */
const fused = {
  Relu: { op: 'ReluGrad', inputs: (saved, dy) => [dy, saved] },
  Relu6: { op: 'Relu6Grad', inputs: (saved, dy) => [dy, saved] },
  Tanh: { op: 'TanhGrad', inputs: (saved, dy) => [saved, dy] },
  Sigmoid: { op: 'SigmoidGrad', inputs: (saved, dy) => [saved, dy] },
} satisfies Record<string, { op: string; inputs: (saved: tf.Tensor, dy: tf.Tensor) => tf.Tensor[] }>;

for (const [kernelName, { op, inputs }] of Object.entries(fused)) {
  replacedGradient(kernelName, (original) => ({
    ...original,
    gradFunc: (dy, saved, attrs) => {
      const [value] = saved;
      const isFirst = gradientDepth() === 0;
      if (!isFirst || !value || Array.isArray(dy) || dy.dtype !== 'float32' || value.dtype !== 'float32')
        return original.gradFunc(dy, saved, attrs);
      return { x: () => backend.executeSingleOutput(op, [attribute.type('T', 'float32')], inputs(value, dy)) };
    },
  }));
}
