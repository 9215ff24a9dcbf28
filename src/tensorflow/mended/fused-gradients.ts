/**
 * Gradients of activations by TensorFlow's own op for each, where TF.js composes them: relu's of seven, among them tensors of ones and of
 * zeros as large as its input.
 *
 * These ops have no gradients: a second derivative takes those of TF.js.
 */
import * as tf from '../loading/library.js';

import { backend } from '../backend.js';
import { gradientDepth } from './is-taking-gradient.js';
import { attribute } from '../run-op.js';

/** Which op it is, and whether it takes what the activation took or what it gave, before the gradient or after it. */
const fused = {
  Relu: { op: 'ReluGrad', inputs: (saved, dy) => [dy, saved] },
  Relu6: { op: 'Relu6Grad', inputs: (saved, dy) => [dy, saved] },
  Tanh: { op: 'TanhGrad', inputs: (saved, dy) => [saved, dy] },
  Sigmoid: { op: 'SigmoidGrad', inputs: (saved, dy) => [saved, dy] },
} satisfies Record<string, { op: string; inputs: (saved: tf.Tensor, dy: tf.Tensor) => tf.Tensor[] }>;

for (const [kernelName, { op, inputs }] of Object.entries(fused)) {
  const config = tf.getGradient(kernelName);
  tf.unregisterGradient(kernelName);
  tf.registerGradient({
    ...config,
    gradFunc: (dy, saved, attrs) => {
      const [value] = saved;
      const isFirst = gradientDepth() === 0;
      if (!isFirst || !value || Array.isArray(dy) || dy.dtype !== 'float32' || value.dtype !== 'float32')
        return config.gradFunc(dy, saved, attrs);
      return { x: () => backend.executeSingleOutput(op, [attribute.type('T', 'float32')], inputs(value, dy)) };
    },
  });
}
