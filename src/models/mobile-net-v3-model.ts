import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import { BackboneModel, type BackboneOptions } from './backbone-model.js';
import { checkVariant } from './classifier/check-variant.js';
import { channelsOf, Convolutions, divisible, paddingBefore } from './classifier/convolutions.js';
import { HardSigmoid, HardSwish } from './classifier/hard-activations.js';
import { applyLayer, applyLayers } from './classifier/layer-calls.js';
import type { OwnOptions } from './classifier/model-description.js';

const variants = ['small', 'large'] as const;

/** Options of MobileNetV3Model. */
export interface MobileNetV3Options extends BackboneOptions {
  /** Which of the two networks: `small` is about twice as fast, `large` more accurate. Default: `large`. */
  readonly variant?: (typeof variants)[number] | undefined;
  /** Width of the network, as a factor of every block's filters; weights were published for 0.75 and 1. Default: 1. */
  readonly alpha?: number | undefined;
}

/** MobileNetV3 with average pooling and a dense layer of logits; layers are named as in Keras Applications. */
export class MobileNetV3Model extends BackboneModel {
  /** Names of the sizes that the option `variant` accepts. */
  static readonly variants: readonly string[] = variants;
  readonly #variant: (typeof variants)[number];
  readonly #alpha: number;

  constructor(options: MobileNetV3Options) {
    const { variant = 'large', alpha = 1 } = options;
    checkVariant(MobileNetV3Model, variant);
    if (!(alpha > 0 && alpha <= 2)) {
      throw new SignetError('INVALID_ARGUMENT', `alpha is a number above 0, at most 2. Received: ${alpha}.`);
    }
    super(options, [224, 224], (images) => mobileNetV3(images, variant, alpha), {
      beforeLogits: options.includeTop === true ? publishedHead(variant, alpha) : [],
    });
    this.#variant = variant;
    this.#alpha = alpha;
  }

  protected override ownOptions(): OwnOptions {
    return { variant: this.#variant, alpha: this.#alpha, ...super.ownOptions() };
  }
}

type Tensor = tf.SymbolicTensor;

/** Expansion, filters at alpha 1, window, strides, whether it squeezes and excites, and its activation. */
type Block = readonly [
  expansion: number,
  filters: number,
  kernelSize: 3 | 5,
  strides: 1 | 2,
  excites: boolean,
  activation: 'relu' | 'hardSwish',
];

/** Source: Howard et al., arXiv:1905.02244, tables 1 and 2; expansions as in keras/src/applications/mobilenet_v3.py. */
const blocks: Readonly<Record<(typeof variants)[number], readonly Block[]>> = {
  small: [
    [1, 16, 3, 2, true, 'relu'],
    [72 / 16, 24, 3, 2, false, 'relu'],
    [88 / 24, 24, 3, 1, false, 'relu'],
    [4, 40, 5, 2, true, 'hardSwish'],
    [6, 40, 5, 1, true, 'hardSwish'],
    [6, 40, 5, 1, true, 'hardSwish'],
    [3, 48, 5, 1, true, 'hardSwish'],
    [3, 48, 5, 1, true, 'hardSwish'],
    [6, 96, 5, 2, true, 'hardSwish'],
    [6, 96, 5, 1, true, 'hardSwish'],
    [6, 96, 5, 1, true, 'hardSwish'],
  ],
  large: [
    [1, 16, 3, 1, false, 'relu'],
    [4, 24, 3, 2, false, 'relu'],
    [3, 24, 3, 1, false, 'relu'],
    [3, 40, 5, 2, true, 'relu'],
    [3, 40, 5, 1, true, 'relu'],
    [3, 40, 5, 1, true, 'relu'],
    [6, 80, 3, 2, false, 'hardSwish'],
    [2.5, 80, 3, 1, false, 'hardSwish'],
    [2.3, 80, 3, 1, false, 'hardSwish'],
    [2.3, 80, 3, 1, false, 'hardSwish'],
    [6, 112, 3, 1, true, 'hardSwish'],
    [6, 112, 3, 1, true, 'hardSwish'],
    [6, 160, 5, 2, true, 'hardSwish'],
    [6, 160, 5, 1, true, 'hardSwish'],
    [6, 160, 5, 1, true, 'hardSwish'],
  ],
};

const convolutions = new Convolutions({ momentum: 0.999, kernels: 'glorotUniform' });

/** The backbone, from images in -1 to 1 to features, [n, h / 32, w / 32, 576 (small) or 960 (large)]. */
function mobileNetV3(images: Tensor, variant: (typeof variants)[number], alpha: number): Tensor {
  let x = convolutions.full(images, 16, { kernelSize: 3, strides: 2, name: 'conv', normalization: 'conv_bn' });
  x = applyLayer(new HardSwish({ name: 'conv_activation' }), x);
  blocks[variant].forEach((block, i) => (x = invertedResidual(x, block, alpha, i)));
  x = convolutions.full(x, divisible(6 * channelsOf(x)), { name: 'conv_1', normalization: 'conv_1_bn' });
  return applyLayer(new HardSwish({ name: 'conv_1_activation' }), x);
}

function invertedResidual(input: Tensor, block: Block, alpha: number, position: number): Tensor {
  const [expansion, filtersAtOne, kernelSize, strides, excites, activation] = block;
  const filters = divisible(filtersAtOne * alpha);
  const name = position === 0 ? 'expanded_conv' : `expanded_conv_${position}`;
  const activated = (x: Tensor, part: string) =>
    applyLayer(
      activation === 'relu'
        ? tf.layers.reLU({ name: `${name}_${part}_relu` })
        : new HardSwish({ name: `${name}_${part}_activation` }),
      x,
    );
  const named = (part: string) => ({ name: `${name}_${part}`, normalization: `${name}_${part}_bn` });
  const expanded = divisible(channelsOf(input) * expansion);
  let x = position === 0 ? input : activated(convolutions.full(input, expanded, named('expand')), 'expand');
  if (strides === 2) {
    const padding = paddingBefore(x, kernelSize);
    x = applyLayer(tf.layers.zeroPadding2d({ padding, name: `${name}_depthwise_pad` }), x);
  }
  const padding = strides === 1 ? 'same' : 'valid';
  x = activated(convolutions.depthwise(x, { kernelSize, strides, padding, ...named('depthwise') }), 'depthwise');
  if (excites) x = excited(x, expanded, `${name}_squeeze_excite`);
  x = convolutions.full(x, filters, named('project'));
  if (strides !== 1 || channelsOf(input) !== filters) return x;
  return tf.layers.add({ name: `${name}_add` }).apply([input, x]) as Tensor;
}

/** Squeeze-and-excitation: weighs the channels by what the whole picture has of them. */
function excited(x: Tensor, filters: number, name: string): Tensor {
  const conv = (outputs: number, layer: string) =>
    tf.layers.conv2d({ filters: outputs, kernelSize: 1, kernelInitializer: 'glorotUniform', name: layer });
  const weights = applyLayers(
    [
      tf.layers.globalAveragePooling2d({ name: `${name}_avg_pool` }),
      tf.layers.reshape({ targetShape: [1, 1, filters], name: `${name}_reshape` }),
      conv(divisible(filters / 4), `${name}_conv`),
      tf.layers.reLU({ name: `${name}_relu` }),
      conv(filters, `${name}_conv_1`),
      new HardSigmoid({ name: `${name}_sigmoid` }),
    ],
    x,
  );
  return tf.layers.multiply({ name: `${name}_mul` }).apply([x, weights]) as Tensor;
}

/**
 * The layers that Keras's published head has between the pooling and the logits: a dense layer, which Keras writes as a convolution
 * of one pixel.
 */
function publishedHead(variant: (typeof variants)[number], alpha: number): tf.layers.Layer[] {
  const units = variant === 'small' ? 1024 : 1280;
  return [
    tf.layers.dense({ units: alpha > 1 ? divisible(units * alpha) : units, name: 'conv_2' }),
    new HardSwish({ name: 'conv_2_activation' }),
  ];
}
