import { createHash } from 'node:crypto';

import * as tf from '../../tensorflow/tf.js';
import { seedRandomLayer } from '../../tensorflow/mended/random-layers.js';
import { layersWithin } from './network.js';

/** A weight's initializer, as layers hold it: `kernelInitializer`, `gammaInitializer`. Random ones have a seed. */
interface Initializer {
  seed?: number;
  apply(shape: number[], dtype: string): tf.Tensor;
}

/**
 * Draws the weights of every layer again, from one seed. Each weight gets its own seed, made from the seed, the layer's name and the weight's, so
 * that adding a layer does not change the others' draws. Layers that draw while they are trained get a seed in the same way.
 */
export function initializeWeights(model: tf.LayersModel, seed: number): void {
  for (const [layer, path] of layersWithin(model)) {
    seedRandomLayer(layer, weightSeed(seed, path));
    for (const weight of layer.weights) {
      const name = weight.originalName.split('/').at(-1)?.replace(/_\d+$/, '') ?? '';
      const initializer = initializerOf(layer, camelCase(name));
      if (!initializer || !('seed' in initializer)) continue;
      initializer.seed = weightSeed(seed, `${path}/${name}`);
      const drawn = initializer.apply(weight.shape as number[], weight.dtype);
      weight.write(drawn);
      drawn.dispose();
    }
  }
}

/** Finds a weight's initializer: `depthwiseInitializer` for `depthwiseKernel`, and so for pointwise ones; others go by the weight's name. */
function initializerOf(layer: tf.layers.Layer, weight: string): Initializer | undefined {
  const initializers = layer as unknown as Record<string, Initializer | undefined>;
  return initializers[`${weight}Initializer`] ?? initializers[`${weight.replace(/Kernel$/, '')}Initializer`];
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function weightSeed(seed: number, name: string): number {
  return createHash('sha256').update(`${seed}/${name}`).digest().readUInt32LE();
}
