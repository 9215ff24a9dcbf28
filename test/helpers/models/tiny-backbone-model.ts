import { BackboneModel, type BackboneOptions } from '../../../src/models/backbone-model.js';
import { applyLayers } from '../../../src/models/classifier/layer-calls.js';
import * as tf from '../../../src/tensorflow/tf.js';

/**
 * The beginning and the end of MobileNetV2, with its names and one block in between: a backbone with every kind of layer that the real ones have,
 * which is traced and trained in a tenth of a second.
 */
export class TinyBackboneModel extends BackboneModel {
  constructor(options: BackboneOptions) {
    super(options, [8, 8], (images) => {
      const start = applyLayers([conv(8, 'Conv1', 2), normalized('bn_Conv1'), relu('Conv1_relu')], images);
      const block = applyLayers(
        [
          conv(16, 'block_16_expand'),
          normalized('block_16_expand_BN'),
          relu('block_16_expand_relu'),
          tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, name: 'block_16_depthwise' }),
          normalized('block_16_depthwise_BN'),
          relu('block_16_depthwise_relu'),
          conv(8, 'block_16_project'),
          normalized('block_16_project_BN'),
        ],
        start,
      );
      const sum = tf.layers.add({ name: 'block_16_add' }).apply([start, block]) as tf.SymbolicTensor;
      return applyLayers([conv(32, 'Conv_1', 2), normalized('Conv_1_bn'), relu('out_relu')], sum);
    });
  }
}

function conv(filters: number, name: string, strides = 1): tf.layers.Layer {
  const kernelSize = strides === 1 ? 1 : 3;
  return tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, name });
}

function normalized(name: string): tf.layers.Layer {
  return tf.layers.batchNormalization({ epsilon: 1e-3, momentum: 0.999, name });
}

function relu(name: string): tf.layers.Layer {
  return tf.layers.reLU({ maxValue: 6, name });
}
