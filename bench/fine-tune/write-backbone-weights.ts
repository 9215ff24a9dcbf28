import { rm } from 'node:fs/promises';

import h5 from 'h5wasm/node';

import type * as tf from '../../src/tensorflow/tf.js';

/** What a saved model of Keras, or of TF.js, says of its layers: names in the order in which Keras saves their weights. */
interface Topology {
  readonly layers: readonly { readonly name: string }[];
}

/**
 * Writes the layers of a model up to one of them as Keras Applications publishes a backbone's weights: the legacy layout without
 * head, `layer_names`, and for each layer a group with `weight_names`. Keras reads it too.
 *
 * Source: keras/src/legacy/saving/legacy_h5_format.py, `save_weights_to_hdf5_group`.
 */
export async function writeBackboneWeights(model: tf.LayersModel, last: string, file: string): Promise<void> {
  const names = (model.getConfig() as unknown as Topology).layers.map(({ name }) => name);
  const layers = names.slice(0, names.indexOf(last) + 1).map((name) => model.getLayer(name));
  await h5.ready;
  await rm(file, { force: true });
  const root = new h5.File(file, 'w');
  root.create_attribute('layer_names', layers.map(({ name }) => name)); // prettier-ignore
  root.create_attribute('backend', 'tensorflow');
  root.create_attribute('keras_version', '2.2.4');
  for (const { name, weights } of layers) {
    const group = root.create_group(name);
    const paths = weights.map(({ originalName }) => `${originalName}:0`);
    if (paths.length > 0) group.create_attribute('weight_names', paths);
    // The weights lie one group deeper, in `conv2d_1/conv2d_1/kernel:0`.
    if (paths.length > 0) group.create_group(name);
    for (const [i, weight] of weights.entries()) {
      const value = weight.read();
      const data = value.dataSync() as Float32Array;
      group.create_dataset({ name: paths[i] ?? '', data, shape: value.shape });
    }
  }
  root.close();
}
