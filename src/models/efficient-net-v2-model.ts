import * as tf from '../tensorflow/tf.js';
import { BackboneModel, type BackboneOptions } from './backbone-model.js';
import { checkVariant } from './classifier/check-variant.js';
import { channelsOf, Convolutions } from './classifier/convolutions.js';
import { aroundBackbone } from './classifier/head.js';
import { applyLayer, applyLayers } from './classifier/layer-calls.js';
import type { OwnOptions } from './classifier/model-description.js';
import { Normalization } from './classifier/normalization.js';

const variants = ['b0', 'b1', 'b2', 'b3'] as const;
type Variant = (typeof variants)[number];

/** Options of EfficientNetV2Model. */
export interface EfficientNetV2Options extends BackboneOptions {
  /** Size of the network: the larger, the more accurate and the slower. Default: `b0`. */
  readonly variant?: Variant | undefined;
}

/**
 * EfficientNetV2-B0 to -B3 with average pooling and a dense layer of logits; layers are named as in Keras Applications.
 *
 * Keras's stochastic depth, which leaves out whole blocks at random while training, is not implemented: it has no weights and does nothing when
 * images are classified.
 */
export class EfficientNetV2Model extends BackboneModel {
  /** Names of the sizes that the option `variant` accepts. */
  static readonly variants: readonly string[] = variants;
  readonly #variant: Variant;

  constructor(options: EfficientNetV2Options) {
    const { variant = 'b0' } = options;
    checkVariant(EfficientNetV2Model, variant);
    const { size, width, depth } = scales[variant];
    super(options, [size, size], (images) => efficientNetV2(images, width, depth), { preprocess: normalized });
    this.#variant = variant;
  }

  protected override ownOptions(): OwnOptions {
    return { variant: this.#variant, ...super.ownOptions() };
  }
}

type Tensor = tf.SymbolicTensor;

/** Image size in pixels, and factors of the filters and of the blocks. Source: keras/src/applications/efficientnet_v2.py. */
const scales: Readonly<Record<Variant, { readonly size: number; readonly width: number; readonly depth: number }>> = {
  b0: { size: 224, width: 1, depth: 1 },
  b1: { size: 240, width: 1, depth: 1.1 },
  b2: { size: 260, width: 1.1, depth: 1.2 },
  b3: { size: 300, width: 1.2, depth: 1.4 },
};

/** Expansion, filters, the first block's stride, blocks, and whether its convolutions are fused or squeeze and excite; for B0. */
type Group = readonly [
  expansion: number,
  filters: number,
  firstStride: 1 | 2,
  blocks: number,
  kind: 'fused' | 'excites',
];

/** Source: Tan and Le, arXiv:2104.00298, and `DEFAULT_BLOCKS_ARGS` of Keras. */
const groups: readonly Group[] = [
  [1, 16, 1, 1, 'fused'],
  [4, 32, 2, 2, 'fused'],
  [4, 48, 2, 2, 'fused'],
  [4, 96, 2, 3, 'excites'],
  [6, 112, 1, 5, 'excites'],
  [6, 192, 2, 8, 'excites'],
];

const convolutions = new Convolutions({ momentum: 0.9, kernels: 'fanOut' });

/** Normalizes pixels of 0 to 255 by ImageNet's mean and deviation, as in the training of the B networks. */
function normalized(images: Tensor): Tensor {
  return applyLayers(
    [
      tf.layers.rescaling({ scale: 1 / 255, name: aroundBackbone.before[0] }),
      new Normalization({
        mean: [0.485, 0.456, 0.406],
        variance: [0.229 ** 2, 0.224 ** 2, 0.225 ** 2],
        name: aroundBackbone.before[1],
      }),
    ],
    images,
  );
}

/** The backbone, from normalized images to features, [n, h / 32, w / 32, 1280 x width]. */
function efficientNetV2(images: Tensor, width: number, depth: number): Tensor {
  let x = convolutions.full(images, rounded(32 * width), {
    ...{ kernelSize: 3, strides: 2 },
    ...{ name: 'stem_conv', normalization: 'stem_bn' },
  });
  x = swish(x, 'stem_activation');
  groups.forEach(([expansion, filters, firstStride, repeats, kind], group) => {
    for (let i = 0; i < Math.ceil(repeats * depth); i += 1) {
      const name = `block${group + 1}${String.fromCharCode(97 + i)}`;
      const block = { expansion, filters: rounded(filters * width), strides: i === 0 ? firstStride : 1, name };
      x = kind === 'fused' ? fusedBlock(x, block) : excitingBlock(x, block);
    }
  });
  x = convolutions.full(x, rounded(1280 * width), { name: 'top_conv', normalization: 'top_bn' });
  return swish(x, 'top_activation');
}

interface Block {
  readonly expansion: number;
  readonly filters: number;
  readonly strides: number;
  readonly name: string;
}

/** One full convolution in place of an expansion and a depthwise one. */
function fusedBlock(input: Tensor, { expansion, filters, strides, name }: Block): Tensor {
  const window = { kernelSize: 3, strides };
  const project = { name: `${name}_project_conv`, normalization: `${name}_project_bn` };
  if (expansion === 1) {
    const x = convolutions.full(input, filters, { ...window, ...project });
    return withShortcut(input, swish(x, `${name}_project_activation`), strides, name);
  }
  const expand = { name: `${name}_expand_conv`, normalization: `${name}_expand_bn` };
  const x = convolutions.full(input, expansion * channelsOf(input), { ...window, ...expand });
  return withShortcut(input, convolutions.full(swish(x, `${name}_expand_activation`), filters, project), strides, name);
}

function excitingBlock(input: Tensor, { expansion, filters, strides, name }: Block): Tensor {
  const expanded = expansion * channelsOf(input);
  const named = (layer: string, normalization: string) => ({
    name: `${name}_${layer}`,
    normalization: `${name}_${normalization}`,
  });
  let x = convolutions.full(input, expanded, named('expand_conv', 'expand_bn'));
  x = swish(x, `${name}_expand_activation`);
  x = swish(convolutions.depthwise(x, { kernelSize: 3, strides, ...named('dwconv2', 'bn') }), `${name}_activation`);
  x = excited(x, Math.max(1, Math.trunc(channelsOf(input) / 4)), name);
  return withShortcut(input, convolutions.full(x, filters, named('project_conv', 'project_bn')), strides, name);
}

/** Squeeze-and-excitation: weighs the channels by what the whole picture has of them. */
function excited(x: Tensor, squeezed: number, name: string): Tensor {
  const channels = channelsOf(x);
  const conv = (filters: number, activation: 'swish' | 'sigmoid', layer: string) =>
    tf.layers.conv2d({
      filters,
      kernelSize: 1,
      activation,
      kernelInitializer: convolutions.kernels(),
      name: `${name}_${layer}`,
    });
  const weights = applyLayers(
    [
      tf.layers.globalAveragePooling2d({ name: `${name}_se_squeeze` }),
      tf.layers.reshape({ targetShape: [1, 1, channels], name: `${name}_se_reshape` }),
      conv(squeezed, 'swish', 'se_reduce'),
      conv(channels, 'sigmoid', 'se_expand'),
    ],
    x,
  );
  return tf.layers.multiply({ name: `${name}_se_excite` }).apply([x, weights]) as Tensor;
}

function withShortcut(input: Tensor, x: Tensor, strides: number, name: string): Tensor {
  if (strides !== 1 || channelsOf(input) !== channelsOf(x)) return x;
  return tf.layers.add({ name: `${name}_add` }).apply([x, input]) as Tensor;
}

function swish(x: Tensor, name: string): Tensor {
  return applyLayer(tf.layers.activation({ activation: 'swish', name }), x);
}

/** The multiple of 8 nearest to a number of filters. Source: `round_filters` of Keras, which may round down by more than a tenth. */
function rounded(filters: number): number {
  return Math.max(8, Math.trunc((filters + 4) / 8) * 8);
}
