import * as tf from '../../tensorflow/tf.js';
import { applyLayer } from './layer-calls.js';

/** A convolution without a bias, and the batch normalization after it. */
export interface ConvolutionOptions {
  /** Name of the convolution. */
  readonly name: string;
  /** Name of the batch normalization. */
  readonly normalization: string;
  /** Height and width of the window in pixels. Default: 1. */
  readonly kernelSize?: number;
  /** Default: 1. */
  readonly strides?: number;
  /** Default: `same`. */
  readonly padding?: 'same' | 'valid';
}

/** Options that the convolutions of one network have in common. */
export interface ConvolutionStyle {
  /** Share of the old average that batch normalization keeps at each step. */
  readonly momentum: number;
  /** Initial kernels: Keras's default, or the EfficientNets' initializer. */
  readonly kernels: 'glorotUniform' | 'fanOut';
}

type Tensor = tf.SymbolicTensor;

/** Makes the normalized convolutions of one network. Epsilon is 1e-3, as in every MobileNet and EfficientNet. */
export class Convolutions {
  readonly #style: ConvolutionStyle;

  constructor(style: ConvolutionStyle) {
    this.#style = style;
  }

  /** A convolution over all channels, [n, h, w, c] to [n, h / strides, w / strides, filters]. */
  full(x: Tensor, filters: number, { name, normalization, ...options }: ConvolutionOptions): Tensor {
    const given = { filters, kernelSize: 1, padding: 'same', useBias: false, name, ...options } as const;
    const convolved = applyLayer(tf.layers.conv2d({ ...given, kernelInitializer: this.kernels() }), x);
    return this.#normalized(convolved, normalization);
  }

  /** A convolution of each channel by itself, [n, h, w, c] to [n, h / strides, w / strides, c]. */
  depthwise(x: Tensor, { name, normalization, ...options }: ConvolutionOptions): Tensor {
    const given = { kernelSize: 1, padding: 'same', useBias: false, name, ...options } as const;
    const convolved = applyLayer(tf.layers.depthwiseConv2d({ ...given, depthwiseInitializer: this.kernels() }), x);
    return this.#normalized(convolved, normalization);
  }

  /** The initializer of a kernel. Source of `fanOut`: `CONV_KERNEL_INITIALIZER` of keras/src/applications/efficientnet_v2.py. */
  kernels(): 'glorotUniform' | ReturnType<typeof tf.initializers.varianceScaling> {
    if (this.#style.kernels === 'glorotUniform') return 'glorotUniform';
    return tf.initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'truncatedNormal' });
  }

  #normalized(x: Tensor, name: string): Tensor {
    return applyLayer(tf.layers.batchNormalization({ epsilon: 1e-3, momentum: this.#style.momentum, name }), x);
  }
}

/** The multiple of 8 nearest to a number of filters, not less than nine tenths of it. Source: `_make_divisible` of MobileNet's authors. */
export function divisible(filters: number): number {
  const rounded = Math.max(8, Math.trunc((filters + 4) / 8) * 8);
  return rounded < 0.9 * filters ? rounded + 8 : rounded;
}

/** Padding for a window at stride 2 that puts its center where PyTorch puts it. Source: `correct_pad` of Keras. */
export function paddingBefore(x: Tensor, kernelSize: number): [[number, number], [number, number]] {
  const half = Math.trunc(kernelSize / 2);
  const before = (size: number | null | undefined) => ((size ?? 0) % 2 === 0 ? half - 1 : half);
  return [
    [before(x.shape[1]), half],
    [before(x.shape[2]), half],
  ];
}

/** Number of channels, the last dimension. */
export function channelsOf(x: Tensor): number {
  return x.shape.at(-1) ?? 0;
}
