import { EfficientNetLiteModel } from '../../src/models/efficient-net-lite-model.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { FeatureNetwork } from '../../src/training/features/feature-network.js';
import { findFrozenPrefix } from '../../src/training/features/frozen-prefix.js';

const options = { classNames: ['a', 'b'], seed: 1, freezeBackbone: true, inputHeight: 224, inputWidth: 224 };
const networks = {
  MobileNetV2: () => new MobileNetModel(options),
  'EfficientNet-Lite0': () => new EfficientNetLiteModel(options),
};

/** Measures images per second through a network with random weights, as a training computes features. */
export async function forwardSpeed(name: keyof typeof networks): Promise<number> {
  const model = networks[name]();
  const prefix = findFrozenPrefix(model);
  if (!prefix) throw new Error(`${name} has nothing frozen`);
  const network = new FeatureNetwork(model, prefix);
  await network.open();
  const images = tf.randomUniform([32, 224, 224, 3], 0, 255, 'float32', 1);
  const milliseconds = Array.from({ length: 12 }, () => {
    const start = performance.now();
    const features = network.run(images);
    features.dataSync();
    features.dispose();
    return performance.now() - start;
  });
  images.dispose();
  network.dispose();
  model.dispose();
  // The first two calls prepare the graph.
  return 32_000 / Math.min(...milliseconds.slice(2));
}
