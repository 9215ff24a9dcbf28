import h5 from 'h5wasm/node';

import type * as tf from '../../../src/tensorflow/tf.js';

/**
 * Writes a model's weights as Keras Applications publishes them: the legacy layout, `layer_names` and `weight_names`.
 *
 * @param rename The layers' names in the file. Default: their own.
 */
export async function writeLegacyWeights(
  model: tf.LayersModel,
  path: string,
  rename: (name: string) => string = (name) => name,
): Promise<void> {
  await h5.ready;
  const file = new h5.File(path, 'w');
  file.create_attribute(
    'layer_names',
    model.layers.map(({ name }) => rename(name)),
  );
  for (const layer of model.layers) {
    const group = file.create_group(rename(layer.name));
    const names = layer.weights.map(({ originalName }) => `${originalName.split('/').at(-1)}:0`);
    if (names.length > 0) group.create_attribute('weight_names', names);
    for (const [i, name] of names.entries()) {
      const value = layer.weights[i]?.read();
      group.create_dataset({ name, data: value?.dataSync() as Float32Array, shape: value?.shape ?? [] });
    }
  }
  file.close();
}
