import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import { BackboneModel, type BackboneOptions } from './backbone-model.js';
import { divisible, paddingBefore } from './classifier/convolutions.js';
import { applyLayer } from './classifier/layer-calls.js';
import type { OwnOptions } from './classifier/model-description.js';

/** Options of MobileNetModel. */
export interface MobileNetOptions extends BackboneOptions {
  /** Width of the network, as a factor of every layer's filters: 0.35, 0.5, 0.75, 1, 1.3 or 1.4. Default: 1. */
  readonly alpha?: number | undefined;
}

/** MobileNetV2 with average pooling and a dense layer of logits; layers are named as in Keras Applications. */
export class MobileNetModel extends BackboneModel {
  readonly #alpha: number;

  constructor(options: MobileNetOptions) {
    const { alpha = 1 } = options;
    if (!(alpha > 0 && alpha <= 2)) {
      throw new SignetError('INVALID_ARGUMENT', `alpha is a number above 0, at most 2. Received: ${alpha}.`);
    }
    super(options, [224, 224], (images) => mobileNetV2(images, alpha));
    this.#alpha = alpha;
  }

  protected override ownOptions(): OwnOptions {
    return { alpha: this.#alpha, ...super.ownOptions() };
  }
}

type Tensor = tf.SymbolicTensor;

/** Filters at alpha 1, the first block's stride and the number of blocks of each group after the first block. */
const groups = [
  [24, 2, 2],
  [32, 2, 3],
  [64, 2, 4],
  [96, 1, 3],
  [160, 2, 3],
  [320, 1, 1],
] as const;

/** The backbone, from images in -1 to 1 to features, [n, h / 32, w / 32, 1280]. Source: Sandler et al., arXiv:1801.04381. */
function mobileNetV2(images: Tensor, alpha: number): Tensor {
  let x = conv(images, divisible(32 * alpha), 'Conv1', { kernelSize: 3, strides: 2 });
  x = relu6(normalized(x, 'bn_Conv1'), 'Conv1_relu');
  x = invertedResidual(x, divisible(Math.trunc(16 * alpha)), 1, 1, 'expanded_conv');
  let block = 1;
  for (const [filters, firstStride, blocks] of groups) {
    for (let i = 0; i < blocks; i += 1, block += 1) {
      const strides = i === 0 ? firstStride : 1;
      x = invertedResidual(x, divisible(Math.trunc(filters * alpha)), strides, 6, `block_${block}`);
    }
  }
  x = conv(x, alpha > 1 ? divisible(1280 * alpha) : 1280, 'Conv_1', {});
  return relu6(normalized(x, 'Conv_1_bn'), 'out_relu');
}

function invertedResidual(input: Tensor, filters: number, strides: 1 | 2, expansion: number, name: string): Tensor {
  const channels = input.shape.at(-1) ?? 0;
  let x = input;
  if (expansion > 1) {
    x = conv(x, expansion * channels, `${name}_expand`, {});
    x = relu6(normalized(x, `${name}_expand_BN`), `${name}_expand_relu`);
  }
  if (strides === 2) x = applyLayer(tf.layers.zeroPadding2d({ padding: paddingBefore(x, 3), name: `${name}_pad` }), x);
  const depthwise = tf.layers.depthwiseConv2d({
    kernelSize: 3,
    strides,
    padding: strides === 1 ? 'same' : 'valid',
    useBias: false,
    depthwiseInitializer: 'glorotUniform',
    name: `${name}_depthwise`,
  });
  x = relu6(normalized(applyLayer(depthwise, x), `${name}_depthwise_BN`), `${name}_depthwise_relu`);
  x = normalized(conv(x, filters, `${name}_project`, {}), `${name}_project_BN`);
  if (channels !== filters || strides !== 1) return x;
  return tf.layers.add({ name: `${name}_add` }).apply([input, x]) as Tensor;
}

function conv(x: Tensor, filters: number, name: string, options: { kernelSize?: number; strides?: number }): Tensor {
  const { kernelSize = 1, strides = 1 } = options;
  const given = { filters, kernelSize, strides, name };
  const layer = tf.layers.conv2d({ ...given, padding: 'same', useBias: false, kernelInitializer: 'glorotUniform' });
  return applyLayer(layer, x);
}

function normalized(x: Tensor, name: string): Tensor {
  return applyLayer(tf.layers.batchNormalization({ epsilon: 1e-3, momentum: 0.999, name }), x);
}

function relu6(x: Tensor, name: string): Tensor {
  return applyLayer(tf.layers.reLU({ maxValue: 6, name }), x);
}
