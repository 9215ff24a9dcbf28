import type * as tf from '../../../src/tensorflow/tf.js';
import { mulberry32 } from '../data/mulberry32.js';

/**
 * Sets every weight of a model by the formula of the fixtures; see test/fixtures/keras/README.md.
 *
 * @param toTensor Makes a tensor from the drawn values.
 */
export function setKerasWeights(
  model: tf.LayersModel,
  toTensor: (values: Float32Array, shape: number[]) => tf.Tensor,
): void {
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      // Keras 3 uses the same name for the kernel of a depthwise convolution as for any other.
      const name = weight.originalName.split('/').at(-1)?.replace('depthwise_', '') ?? '';
      const shape = weight.shape as number[];
      weight.write(toTensor(kerasWeight(`${layer.name}/${name}`, name, shape), shape));
    }
  }
}

function kerasWeight(key: string, name: string, shape: readonly number[]): Float32Array {
  const draw = mulberry32(fnv1a(key));
  const fanIn = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const scale = (c: number) => {
    if (name === 'kernel') return c * Math.sqrt(3 / fanIn);
    return name === 'gamma' || name === 'moving_variance' ? 1 + 0.1 * c : 0.1 * c;
  };
  const values = new Float32Array(shape.reduce((product, each) => product * each, 1));
  // A network has 25 million: `Float32Array.from` takes several times as long.
  for (let i = 0; i < values.length; i += 1) values[i] = scale(2 * draw() - 1);
  return values;
}

/** The fixtures' input image: `(7y + 13x + 29ch + xy) mod 256`, [height, width, 3] in C order. */
export function kerasImage(height: number, width: number): Float32Array {
  return Float32Array.from({ length: height * width * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    return (7 * y + 13 * x + 29 * (i % 3) + x * y) % 256;
  });
}

function fnv1a(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}
