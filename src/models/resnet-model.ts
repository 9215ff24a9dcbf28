import * as tf from '../tensorflow/tf.js';
import { BackboneModel, type BackboneOptions } from './backbone-model.js';
import { applyLayer } from './classifier/layer-calls.js';

/** ResNet50V2 with average pooling and a dense layer of logits; layers are named as in Keras Applications. */
export class ResnetModel extends BackboneModel {
  constructor(options: BackboneOptions) {
    super(options, [224, 224], resnet50V2);
  }
}

type Tensor = tf.SymbolicTensor;

/** Filters, blocks and the last block's stride of each stack, conv2 to conv5. */
const stacks = [
  [64, 3, 2],
  [128, 4, 2],
  [256, 6, 2],
  [512, 3, 1],
] as const;

/** The backbone, from images in -1 to 1 to features, [n, h / 32, w / 32, 2048]. Source: He et al., arXiv:1603.05027. */
function resnet50V2(images: Tensor): Tensor {
  let x = pad(images, 3, 'conv1_pad');
  x = conv(x, 64, 7, 'conv1_conv', { strides: 2 });
  x = pad(x, 1, 'pool1_pad');
  x = applyLayer(tf.layers.maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1_pool' }), x);
  stacks.forEach(([filters, blocks, lastStride], stack) => {
    for (let i = 1; i <= blocks; i += 1) {
      const stride = i === blocks ? lastStride : 1;
      x = block(x, filters, stride, i === 1, `conv${stack + 2}_block${i}`);
    }
  });
  return normalizeAndActivate(x, 'post');
}

function block(x: Tensor, filters: number, strides: number, projects: boolean, name: string): Tensor {
  const preactivated = normalizeAndActivate(x, `${name}_preact`);
  let shortcut = x;
  if (projects) shortcut = conv(preactivated, 4 * filters, 1, `${name}_0_conv`, { strides });
  else if (strides > 1)
    shortcut = applyLayer(tf.layers.maxPooling2d({ poolSize: 1, strides, name: `${name}_pool` }), x);
  let y = conv(preactivated, filters, 1, `${name}_1_conv`, { useBias: false });
  y = normalizeAndActivate(y, `${name}_1`);
  y = pad(y, 1, `${name}_2_pad`);
  y = conv(y, filters, 3, `${name}_2_conv`, { strides, useBias: false });
  y = normalizeAndActivate(y, `${name}_2`);
  y = conv(y, 4 * filters, 1, `${name}_3_conv`);
  return tf.layers.add({ name: `${name}_out` }).apply([shortcut, y]) as Tensor;
}

function conv(
  x: Tensor,
  filters: number,
  kernelSize: number,
  name: string,
  options: { strides?: number; useBias?: boolean } = {},
): Tensor {
  return applyLayer(tf.layers.conv2d({ filters, kernelSize, kernelInitializer: 'glorotUniform', name, ...options }), x);
}

function normalizeAndActivate(x: Tensor, name: string): Tensor {
  const normalized = applyLayer(tf.layers.batchNormalization({ epsilon: 1.001e-5, name: `${name}_bn` }), x);
  return applyLayer(tf.layers.activation({ activation: 'relu', name: `${name}_relu` }), normalized);
}

function pad(x: Tensor, padding: number, name: string): Tensor {
  return applyLayer(tf.layers.zeroPadding2d({ padding, name }), x);
}
